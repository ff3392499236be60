"""gitleaks reads the whole history of this repository, and finds nothing."""

import json
import subprocess

import pyrage
import pytest

from generator import programs
from tests.trees import ROOT, write


@pytest.fixture
def leaks(tmp_path):
    """What gitleaks finds in every commit of a repository: the rule and the file."""
    program = programs.find(ROOT, "gitleaks", say=print)
    report = tmp_path / "report.json"

    def run(repository):
        command = [program, "git", "--redact", "--no-banner", "--log-level=error", "--exit-code=0"]
        options = ["--log-opts=--all", "--report-format=json", f"--report-path={report}"]
        subprocess.run([*command, *options, repository], check=True)
        return {(leak["RuleID"], leak["File"]) for leak in json.loads(report.read_text())}

    return run


def test_this_repository_leaks_nothing(leaks):
    shallow = ["git", "-C", ROOT, "rev-parse", "--is-shallow-repository"]
    assert subprocess.check_output(shallow, text=True) == "false\n", "fetch the whole history"
    assert leaks(ROOT) == set()


def test_a_key_that_was_removed_again_is_found(leaks, repo):
    git = ["git", "-C", repo, "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    write(repo, "keys.txt", f"{pyrage.x25519.Identity.generate()}\n")
    for message in ("add", "remove"):
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", message], check=True)
        (repo / "keys.txt").unlink(missing_ok=True)
    assert leaks(repo) == {("age-secret-key", "keys.txt")}


def test_what_gen_secrets_writes_is_no_leak(leaks, gen, initialised, repo):
    git = ["git", "-C", repo, "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "encrypted"], check=True)
    assert leaks(repo) == set()
