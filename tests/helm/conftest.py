"""A copy of what a user's repository holds, and gen in it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trees import ROOT

Gen = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The folders that gen reads and writes, beside the pinned tools."""
    for folder in ("apps", "clusters", "environments", "infra"):
        shutil.copytree(ROOT / folder, tmp_path / "copy" / folder)
    (tmp_path / "copy/tools").symlink_to(ROOT / "tools")
    return tmp_path / "copy"


@pytest.fixture
def run(copy: Path) -> Gen:
    """Run gen in the copy with no chart at hand but the one that a test names."""

    def run(*arguments: str, code: int = 0, chart: Path | None = None):
        variables = {key: value for key, value in os.environ.items() if key != "MLFLOW_CHART"}
        if chart:
            variables["MLFLOW_CHART"] = str(chart)
        done = subprocess.run(
            [sys.executable, "-m", "generator", *arguments],
            cwd=copy,
            env=variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run
