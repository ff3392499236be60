"""What the README promises a newcomer, in a copy of the tree as `git clone` makes it."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.trees import ROOT, tree


@pytest.fixture
def clone(tmp_path):
    """The tracked files of this working tree, without .git."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            target = tmp_path / "clone" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target, follow_symlinks=False)
    return tmp_path / "clone"


@pytest.fixture
def gen(clone, tmp_path):
    def run(*arguments, code=0):
        result = subprocess.run(
            [sys.executable, "-m", "generator", *arguments],
            cwd=clone,
            env={**os.environ, "SOPS_AGE_KEY_FILE": str(tmp_path / "age/keys.txt")},
            capture_output=True,
            text=True,
        )
        assert result.returncode == code, result.stderr
        return result

    return run


def state(clone):
    """The folders that gen reads or writes, and what is in them."""
    return {name: tree(clone / name) for name in ("apps", "clusters", "environments", "infra")}


def test_the_committed_tree_is_rendered_and_valid(gen, clone):
    before = state(clone)
    assert gen("render").stdout.startswith("0 created, 0 updated, 0 deleted, ")
    assert state(clone) == before
    assert "3 environments, " in gen("validate").stdout


def test_a_changed_value_is_checked_rendered_and_valid(gen, clone):
    values = clone / "environments/prod.yaml"
    values.write_text(values.read_text().replace("replicas: 1", "replicas: 2"))
    shown = gen("check", code=1).stdout
    assert "+  count: 2" in shown
    assert "values say" in gen("validate", code=1).stderr
    gen("render", "--env", "prod")
    gen("check")
    gen("validate")


def test_a_new_environment_comes_and_goes(gen, clone):
    before = state(clone)
    gen("new", "qa", "--from", "staging")
    gen("render")
    assert "4 environments, " in gen("validate").stdout
    (clone / "environments/qa.yaml").unlink()
    gen("render")
    assert state(clone) == before


def test_secrets_are_made_and_the_tree_stays_valid(gen):
    gen("secrets", "init", "--env", "staging")
    gen("render")
    result = gen("validate")
    assert (
        "storage-connection-string: MLflow's pods wait for it: az storage account" in result.stderr
    )
    assert "staging/data/secrets.sops.yaml: not initialised" not in result.stderr


def test_a_second_repository_beside_this_one(clone):
    """-C works on the tree it is given, not on the one gen was installed from."""
    (clone / "environments/dev.yaml").unlink()
    result = subprocess.run(
        [sys.executable, "-m", "generator", "-C", str(clone), "list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["NAME", "prod", "staging"]
