"""A repository like this one, and a server like its environment `dev` for every test."""

import os
import subprocess
from functools import partial
from pathlib import Path

import pytest

from generator import programs
from tests.local.servers import Local
from tests.trees import ROOT


def repository(folder: Path) -> Path:
    """A repository with this one's environments, manifests and pins, and a temporary folder."""
    for name in ("apps", "environments", "tools"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "tmp").mkdir()
    return folder


@pytest.fixture(scope="session")
def python() -> Path:
    """A Python with MLflow, scikit-learn and matplotlib: a data scientist's."""
    return programs.find(ROOT, "mlflow", "python", say=print)


@pytest.fixture(scope="session")
def like(tmp_path_factory: pytest.TempPathFactory):
    """`gen local --like dev`, running. A test that stops it starts it again."""
    server = Local(repository(tmp_path_factory.mktemp("like")), ("--like", "dev")).start()
    yield server
    assert server.end() == 0, server.output


@pytest.fixture
def as_client_of(python, tmp_path):
    """Run Python with nothing but a server's settings; return what it says."""

    def run(
        server: Local,
        *arguments: str | Path,
        input: str = "",
        exit_code: int = 0,
        **variables: str,
    ) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MPLBACKEND": "Agg"}
        result = subprocess.run(
            [python, *arguments],
            env=environment | server.variables | variables,
            cwd=tmp_path,
            input=input,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert result.returncode == exit_code, result.stdout
        return result.stdout

    return run


@pytest.fixture
def as_client(like, as_client_of):
    """Run Python with the settings of `like`."""
    return partial(as_client_of, like)
