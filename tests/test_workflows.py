"""The workflows are right, safe for forks, and call what a person calls."""

import re
import subprocess

import pytest
import yaml

from generator import environment, programs
from tests.trees import ROOT

FILES = sorted((ROOT / ".github/workflows").glob("*.yaml"))
BAD = """\
on: pull_request
jobs:
  a:
    runs-on: nowhere-99
"""
UNSAFE = """\
on: issues
permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - run: echo ${{ github.event.issue.title }}
"""


def run(program, *arguments):
    found = programs.find(ROOT, program, say=print)
    return subprocess.run([found, *arguments], cwd=ROOT, capture_output=True, text=True)


def jobs(file):
    return yaml.safe_load(file.read_text())["jobs"]


def steps(file):
    return [step for job in jobs(file).values() for step in job["steps"]]


def test_actionlint_finds_nothing():
    result = run("actionlint")
    assert (result.returncode, result.stdout) == (0, "")


def test_actionlint_can_find_something(tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD)
    result = run("actionlint", str(tmp_path / "bad.yaml"))
    assert result.returncode == 1
    assert '"steps" section is missing' in result.stdout


def test_zizmor_finds_nothing():
    result = run("zizmor", "--offline", "--no-progress", ".github")
    assert result.returncode == 0, result.stdout


def test_zizmor_can_find_something(tmp_path):
    (tmp_path / "unsafe.yaml").write_text(UNSAFE)
    result = run("zizmor", "--offline", "--no-progress", str(tmp_path / "unsafe.yaml"))
    assert result.returncode != 0
    assert "template-injection" in result.stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_a_workflow_runs_runs_on_a_laptop_too(file):
    for step in steps(file):
        if "run" in step:
            assert re.fullmatch(r"make [a-z-]+|\.ci/run", step["run"]), step
            target = step["run"].partition(" ")[2]
            assert not target or re.search(
                rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE
            )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_by_commit_and_says_its_version(file):
    used = re.findall(r"uses: (.*)", file.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w/.-]+@[0-9a-f]{40} # v[0-9.]+", action)


def test_the_same_action_is_the_same_commit_everywhere():
    used = re.findall(r"uses: ([\w/.-]+)@(\w+)", "".join(file.read_text() for file in FILES))
    assert len(dict(used)) == len(set(used))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_rights_are_given_job_by_job_and_no_secret_is_named(file):
    assert yaml.safe_load(file.read_text())["permissions"] == {}
    assert all("permissions" in job for job in jobs(file).values())
    assert "secrets." not in file.read_text()
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
            assert "ref" not in step["with"], "nothing but what GitHub chose"


def rights(name):
    return {
        right
        for job in jobs(ROOT / ".github/workflows" / name).values()
        for right, what in job["permissions"].items()
        if what == "write"
    }


def test_who_may_write():
    assert rights("validate.yaml") == rights("test.yaml") == set()
    assert rights("comment.yaml") == {"pull-requests"}
    assert rights("provision.yaml") == {"id-token"}


def test_applying_is_behind_the_environment_that_people_let_in():
    found = jobs(ROOT / ".github/workflows/provision.yaml")
    assert found["apply"]["environment"] == "${{ matrix.environment }}"
    assert found["plan"]["environment"] == "${{ matrix.environment }}-plan"
    assert "github.event_name == 'push'" in found["apply"]["if"]


def test_an_environment_is_named_in_no_workflow():
    text = "".join(file.read_text() for file in FILES)
    for name in environment.names(ROOT):
        assert not re.search(rf"\b{name}\b", text)


def test_no_comment_waits_for_a_workflow_that_is_not_there():
    names = {yaml.safe_load(file.read_text())["name"] for file in FILES}
    triggers = yaml.safe_load((ROOT / ".github/workflows/comment.yaml").read_text())[True]
    assert set(triggers["workflow_run"]["workflows"]) <= names
