"""Every path of this repository can be checked out: by Flux, and on Windows."""

import subprocess

import pytest

from tests.trees import ROOT, reserved


def test_no_path_has_a_name_that_windows_reserves():
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    assert reserved(listed.split("\0")) == []


@pytest.mark.parametrize("path", ["tests/nul.txt", "AUX", "com1/a.yaml", "docs/lpt9.tar.gz"])
def test_such_a_name_is_found(path):
    assert reserved([path, "docs/console.md", "com0", "null.txt"]) == [path]
