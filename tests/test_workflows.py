"""The workflows are right, and call what a person calls."""

import subprocess

from generator import programs
from tests.trees import ROOT


def test_actionlint_finds_nothing():
    actionlint = programs.find(ROOT, "actionlint", say=print)
    result = subprocess.run([actionlint], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_actionlint_can_find_something(tmp_path):
    (tmp_path / "bad.yaml").write_text("on: pull_request\njobs:\n  a:\n    runs-on: nowhere-99\n")
    actionlint = programs.find(ROOT, "actionlint", say=print)
    result = subprocess.run(
        [actionlint, str(tmp_path / "bad.yaml")], capture_output=True, text=True
    )
    assert result.returncode == 1
    assert '"steps" section is missing' in result.stdout
