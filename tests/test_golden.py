"""environment.yaml in, a tree out. One folder, one case; `pytest --update` rewrites them."""

import shutil
from pathlib import Path, PurePosixPath

import pytest

from generator import environment, render, yaml
from generator.secrets import table
from tests.trees import MINIMAL, ROOT, tree, write

CASES = sorted((Path(__file__).parent / "golden").iterdir())


def generated(repo):
    """The tree without its input."""
    return {
        path: text
        for path, text in tree(repo).items()
        if not path.startswith("environments/") and not path.endswith(".sops.yaml")
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_renders(case, repo, gen, update):
    shutil.copy(case / "environment.yaml", repo / "environments/test.yaml")
    for kept in table.KEPT:
        if (encrypted := case / PurePosixPath(kept.file).name).exists():
            write(repo, f"apps/mlflow/overlays/test/{kept.file}", encrypted.read_text())

    gen("render")

    expected = case / "expected"
    if update:
        shutil.rmtree(expected, ignore_errors=True)
        for path, text in generated(repo).items():
            write(expected, path, text)
    assert generated(repo) == tree(expected)
    gen("check")
    assert gen("render").output.endswith(f"0 deleted, {len(generated(repo))} unchanged\n")


def test_the_cases_use_every_key_and_every_choice():
    """A key that no case gives, or a choice that no case makes, is not covered."""
    schema = environment.Values.model_json_schema()
    documents = [
        yaml.read(file.read_text()).values
        for file in [case / "environment.yaml" for case in CASES]
        + sorted((ROOT / "environments").glob("*.yaml"))
    ]
    assert sorted(set(_missing(schema, schema, documents))) == []


def _missing(schema, node, values, path=""):
    node = node.get("anyOf", [node])[0]  # of a group that may be left out
    node = schema["$defs"][node["$ref"].rsplit("/")[-1]] if "$ref" in node else node
    present = [value for value in values if value is not None]
    if not present:
        yield path
    for choice in set(node.get("enum", [])) - {v for v in present if isinstance(v, str)}:
        if choice != node.get("default"):
            yield f"{path}: {choice}"
    for key, child in node.get("properties", {}).items():
        inner = [value.get(key) for value in present]
        yield from _missing(schema, child, inner, f"{path}.{key}" if path else key)


def test_this_repository_is_its_own_case(tmp_path, gen):
    """The committed tree is what the values say, with or without .git."""
    for folder in ("environments", "apps", "clusters", "infra"):
        shutil.copytree(ROOT / folder, tmp_path / "repo" / folder, dirs_exist_ok=True)
    assert "files are what the values say" in gen("check").output


def test_a_removed_environment_leaves_nothing(repo, gen):
    write(repo, "environments/test.yaml", MINIMAL)
    gen("render")
    before = tree(repo)
    gen("new", "qa", "--from", "test")
    gen("render")
    assert len(tree(repo)) > len(before)
    (repo / "environments/qa.yaml").unlink()
    gen("render")
    assert tree(repo) == before
    assert not [path for path in repo.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_check_shows_what_render_does(repo, gen):
    write(repo, "environments/test.yaml", MINIMAL)
    gen("render")
    write(repo, "environments/test.yaml", MINIMAL.replace("[203.0", "[198.51.100.0/24, 203.0"))

    result = gen("check", exit_code=1)

    assert "+  - 198.51.100.0/24\n" in result.stdout
    assert result.stderr == '1 files differ; "gen render" writes them\n'
    assert gen("check", "--quiet", exit_code=1).output == ""
    assert gen("render").stdout.startswith("update  apps/mlflow/overlays/test/server/")
    assert gen("check").output == "".join(f"{len(generated(repo))} files are what the values say\n")


def test_quiet_prints_nothing(repo, gen):
    write(repo, "environments/test.yaml", MINIMAL)
    assert gen("render", "--quiet").output == ""


def test_an_environment_owns_every_folder_it_writes_to():
    env = environment.check("test", environment.parse("test", MINIMAL))
    owned = {PurePosixPath(glob.format(name="test")) for glob in render.OWNED}
    for file in render.files(env, encrypted=[render.secrets(env)]):
        assert owned & set(file.path.parents), file.path
