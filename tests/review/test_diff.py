"""`gen diff` on repositories that are not as one would wish: it says what to do, and goes on."""

import json
import re
import shutil
import subprocess

import pytest

from generator.render import infra
from tests.review import repositories
from tests.review.repositories import git
from tests.trees import MINIMAL, ROOT


@pytest.fixture
def repo(tmp_path):
    return repositories.production(tmp_path / "repo")


@pytest.fixture
def committed(repo):
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=one")
    return repo


def clone(origin, target, *options):
    git(origin.parent, "clone", "--quiet", *options, f"file://{origin}", str(target))
    (target / "tools").unlink(missing_ok=True)
    (target / "tools").symlink_to(ROOT / "tools")


def test_by_default_it_compares_with_where_the_branch_left_the_remotes_main(committed, gen):
    shutil.copytree(committed, committed.parent / "origin", symlinks=True)
    git(committed, "remote", "add", "origin", str(committed.parent / "origin"))
    git(committed, "fetch", "--quiet")
    git(committed, "checkout", "--quiet", "-b", "change")
    gen("set", "--env", "prod", "apps.mlflow.workers=1")
    git(committed, "commit", "--quiet", "--all", "--message=two")
    output = gen("diff").output
    assert output.startswith("Compared with merge base with origin/main (")
    assert "prod: pods restart, no downtime." in output


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("nope", "--against nope: no such revision; git fetch brings what is new\n"),
        ("--help", "--against --help: no such revision; git fetch brings what is new\n"),
        ("", "--against : no such revision; git fetch brings what is new\n"),
    ],
)
def test_a_revision_that_does_not_exist(committed, gen, revision, message):
    assert gen("diff", f"--against={revision}", exit_code=1).output == message


@pytest.mark.parametrize(("command", "option"), [("validate", "--since"), ("list", "--provision")])
def test_the_option_that_was_typed_is_named(committed, gen, command, option):
    output = gen(command, option, "nope", exit_code=1).output
    assert output == f"{option} nope: no such revision; git fetch brings what is new\n"


@pytest.mark.parametrize("name", ["/etc/passwd", "", "a/b"])
def test_what_cannot_be_an_environments_name(committed, gen, name):
    output = gen("diff", "--against=HEAD", "--env", name, exit_code=1).output
    assert output.startswith(f"environments: an environment's name: {name!r}: must be a DNS label")


def test_no_remote(committed, gen):
    assert gen("diff", exit_code=1).output == (
        "knows no main branch of a remote; git fetch origin main, or say what to compare with: "
        "--against HEAD\n"
    )


def test_no_repository(repo, gen):
    shutil.rmtree(repo / ".git")
    assert gen("diff", exit_code=1, env={"GIT_CEILING_DIRECTORIES": str(repo.parent)}).output == (
        "is no Git repository, so no commit is there to compare with: git init, or -C\n"
    )


def test_no_commit(repo, gen):
    git(repo, "remote", "add", "origin", "file:///nowhere")
    assert "no main branch" in gen("diff", exit_code=1).output
    assert "--against HEAD: no such revision" in gen("diff", "--against=HEAD", exit_code=1).output


def test_a_shallow_clone_says_what_to_fetch(committed, gen, tmp_path):
    for number in range(3):
        git(committed, "commit", "--quiet", "--allow-empty", f"--message={number}")
    git(committed, "checkout", "--quiet", "-b", "change", "HEAD~2")
    git(committed, "commit", "--quiet", "--allow-empty", "--message=mine")
    git(committed, "checkout", "--quiet", "main")
    shutil.move(committed, tmp_path / "origin")
    clone(tmp_path / "origin", committed, "--depth=1", "--branch=change", "--no-single-branch")
    output = gen("diff", exit_code=1).output
    assert output == (
        "HEAD and origin/main have no commit in common; this clone is shallow: "
        "git fetch --unshallow, or fetch-depth: 0 of actions/checkout\n"
    )


def test_a_tree_before_gen_existed(repo, gen):
    git(repo, "commit", "--quiet", "--allow-empty", "--message=nothing")
    output = gen("diff", "--against=HEAD").output
    assert "prod: needs action. environment prod: is new" in output


def test_a_values_file_of_an_older_schema_before(repo, gen):
    file = repo / "environments/prod.yaml"
    text = file.read_text()
    file.write_text(text + "old_key: 1\n")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=old")
    file.write_text(text)
    gen("set", "--env", "prod", "apps.mlflow.workers=1")
    output = gen("diff", "--against=HEAD").output
    assert "before: old_key: unknown key" in output
    assert "pods restart, no downtime: Deployment mlflow" in output


def test_an_invalid_file_is_said_and_the_rest_goes_on(committed, gen):
    (committed / "environments/broken.yaml").write_text("azure: [\n")
    gen("set", "--env", "prod", "apps.mlflow.workers=1")
    output = gen("diff", "--against=HEAD").output
    assert re.search(r"^broken: needs action\. environments/broken\.yaml: ", output, re.MULTILINE)
    assert re.search(r"^prod: pods restart, no downtime\.", output, re.MULTILINE)


SCRIPTS = {
    "not UTF-8": (lambda data: data + b"# \xe9\n", ": is not UTF-8; restore it from Git"),
    "a quote that is never closed": (
        lambda data: data.replace(b"resource_group=", b"resource_group='", 1),
        ": is not as gen writes it; gen render --env prod",
    ),
    "a resource without its name": (
        lambda data: data.replace(b"\nresources() {\n", b"\nresources() {\n  blob_service\n", 1),
        ": is not as gen writes it; gen render --env prod",
    ),
    "a tag without its value": (
        lambda data: data.replace(b"\ntags=(\n", b"\ntags=(\n  owner\n", 1),
        ": is not as gen writes it; gen render --env prod",
    ),
}


@pytest.mark.parametrize("side", ["before: ", ""])
@pytest.mark.parametrize("mistake", SCRIPTS)
def test_a_script_that_cannot_be_read_is_said_and_the_rest_goes_on(committed, gen, side, mistake):
    damage, message = SCRIPTS[mistake]
    script = committed / infra.script("prod")
    whole = script.read_bytes()
    script.write_bytes(damage(whole))
    assert script.read_bytes() != whole
    if side:
        git(committed, "commit", "--quiet", "--all", "--message=two")
        script.write_bytes(whole)
    values = committed / "environments/prod.yaml"
    values.write_text(values.read_text().replace("replicas: 1", "replicas: 2"))
    output = gen("diff", "--against=HEAD").output
    assert f"{infra.script('prod')}: {side}{message[2:]}" in output
    assert "prod: " in output


def test_two_environments_that_clash_are_said(committed, gen):
    text = (committed / "environments/prod.yaml").read_text()
    (committed / "environments/twin.yaml").write_text(text)
    output = gen("diff", "--against=HEAD").output
    assert "twin: needs action." in output
    assert "is prod's too" in output


def test_a_conflict_is_said(committed, gen):
    file = committed / "environments/prod.yaml"
    for branch, count in (("one", 2), ("two", 3)):
        git(committed, "checkout", "--quiet", "-b", branch, "main")
        file.write_text(file.read_text().replace("replicas: 1", f"replicas: {count}"))
        git(committed, "commit", "--quiet", "--all", f"--message={branch}")
    with pytest.raises(subprocess.CalledProcessError):
        git(committed, "merge", "--quiet", "one")
    output = gen("diff", "--against=main").output
    assert "environments/prod.yaml: a merge left it in conflict [conflict]" in output


def test_what_is_not_committed_counts_and_so_do_new_files(committed, gen):
    gen("set", "--env", "prod", "apps.mlflow.replicas=2")
    (committed / "environments/second.yaml").write_text(MINIMAL)
    gen("render", "--env", "second", "--quiet")
    output = gen("diff", "--against=HEAD").output
    assert "prod: pods restart" in output
    assert "second: needs action. environment second: is new" in output


def test_only_the_chosen_environment(committed, gen):
    gen("set", "--env", "prod", "apps.mlflow.replicas=2")
    (committed / "environments/second.yaml").write_text(MINIMAL)
    output = gen("diff", "--against=HEAD", "--env", "prod").output
    assert "second" not in output
    assert gen("diff", "--against=HEAD", "--env", "nope", exit_code=1).output == (
        "environments/nope.yaml: no such environment, on neither side; known: prod, second\n"
    )


def test_no_git(committed, gen):
    output = gen("diff", "--against=HEAD", exit_code=1, env={"PATH": ""}).output
    assert output == "needs git, which is not installed\n"


def test_no_kustomize(committed, gen):
    (committed / "tools").unlink()
    gen("set", "--env", "prod", "apps.mlflow.replicas=2")
    output = gen("diff", "--against=HEAD", exit_code=1).output
    assert output.startswith("tools/kustomize: ")
    assert "restore the folder from Git" in output


def test_links_and_submodules_of_the_other_side(committed, gen):
    (committed / "apps/link").symlink_to("nowhere")
    git(committed, "add", "--all")
    entry = f"160000,{'1' * 40},apps/module"
    git(committed, "update-index", "--add", "--cacheinfo", entry)
    git(committed, "commit", "--quiet", "--message=odd")
    (committed / "apps/link").unlink()
    assert "nothing changes" in gen("diff", "--against=HEAD").output


def test_in_a_folder_of_a_larger_repository(committed, gen, tmp_path):
    shutil.rmtree(committed / ".git")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=one")
    gen("set", "--env", "prod", "apps.mlflow.replicas=2")
    assert "prod: pods restart" in gen("diff", "--against=HEAD").output


def test_every_form_is_written_beside_the_one_on_the_screen(committed, gen, tmp_path):
    gen("set", "--env", "prod", "apps.mlflow.replicas=2")
    folder = tmp_path / "new/reports"
    gen("diff", "--against=HEAD", "--write", str(folder))
    assert sorted(path.name for path in folder.iterdir()) == [
        "review.html",
        "review.json",
        "review.md",
    ]
    said = json.loads((folder / "review.json").read_text())
    assert said["version"] == 1
    printed = gen("diff", "--against=HEAD", "--format", "json").output
    assert json.loads(printed) == said


@pytest.mark.parametrize("place", ["/dev/null/x", "/proc/x", "file/x", "held"])
def test_a_folder_that_cannot_be_written_is_one_line(committed, gen, tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "held/review.md").mkdir(parents=True)
    folder = tmp_path / place
    (line,) = gen("diff", "--against=HEAD", "--write", str(folder), exit_code=1).stderr.splitlines()
    assert line.startswith(f"{folder}")
    assert ": could not be written: " in line


def test_a_change_of_the_azure_library_is_noted(committed, gen):
    file = committed / "infra/lib/aks.sh"
    file.write_text(file.read_text() + "\n")
    output = gen("diff", "--against=HEAD").output
    assert "infra/lib changes: only the provisioning plan shows" in output
    assert "prod: nothing changes" in output


def test_a_values_file_that_nothing_reads_is_noted(committed, gen):
    (committed / "environments/qa.yml").write_text(MINIMAL)
    assert (
        "\nenvironments/qa.yml: is not read; name it qa.yaml"
        in gen("diff", "--against=HEAD").output
    )
    assert gen("validate", "--since=HEAD", exit_code=1).output == (
        "environments/qa.yml: is not read; name it qa.yaml\n"
    )


def test_what_is_to_be_provisioned(committed, gen):
    def listed():
        return json.loads(gen("list", "--provision", "HEAD").output)

    gen("set", "--env", "prod", "cluster.tier=standard")
    assert listed() == [], "a placeholder is no subscription"
    gen("set", "--env", "prod", "azure.subscription=11111111-2222-3333-4444-555555555555")
    assert listed() == ["prod"]
    git(committed, "commit", "--quiet", "--all", "--message=two")
    assert listed() == []
    gen("set", "--env", "prod", "apps.mlflow.replicas=2")
    assert listed() == []
    (committed / "infra/lib/new.sh").write_text("\n")
    assert listed() == ["prod"]


def test_an_environment_that_is_not_there_differs_from_nothing(committed, gen):
    output = gen("validate", "--since=HEAD", "--env=nope", exit_code=1).output
    assert output == "environments/nope.yaml: no such environment; known: prod\n"


def test_only_what_differs_is_validated(committed, gen):
    (committed / "environments/second.yaml").write_text(MINIMAL)
    gen("render", "--env", "second", "--quiet")
    output = gen("validate", "--since", "HEAD").output
    assert output.splitlines()[-1].startswith("1 environment, ")
    git(committed, "add", "--all")
    git(committed, "commit", "--quiet", "--message=two")
    assert gen("validate", "--since", "HEAD").output == "no environment differs from HEAD\n"
