"""What most tests need: an empty repository, and gen as a user calls it."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from generator.cli import gen as command
from tests import seconds
from tests.trees import ROOT

# A shell's background job ignores Ctrl-C, and so would whatever the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Two busy cores are slow; what a property says does not depend on it.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="Rewrite what is expected.")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(seconds)


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are rewritten: read the diff before you commit it."""
    return bool(request.config.getoption("--update"))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository without an environment."""
    root = tmp_path / "repo"
    (root / "environments").mkdir(parents=True)
    return root


@pytest.fixture
def gen(repo: Path) -> Callable[..., Result]:
    """`gen -C repo ARGUMENTS`, in this process. Whatever is not a clean exit is a failure."""

    def run(*arguments: str, exit_code: int = 0, **extra: str) -> Result:
        result = CliRunner().invoke(command, ["-C", str(repo), *arguments], **extra)
        assert isinstance(result.exception, SystemExit | None), result.exc_info
        assert result.exit_code == exit_code, result.output
        return result

    return run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of tests/unbroken, beside the pinned tools."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "tests/unbroken", tree)
    (tree / "tools").symlink_to(ROOT / "tools")
    return tree
