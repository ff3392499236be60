"""A mistake in, its exact message out. Drop in a file named after the mistake: it is a test."""

import shutil
from pathlib import Path

import pytest

from tests.trees import MINIMAL, write

CASES = sorted((Path(__file__).parent / "invalid").glob("*.yaml"))


def test_the_minimal_environment_is_right(repo, gen):
    write(repo, "environments/test.yaml", MINIMAL)
    gen("list")


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_is_refused_with_its_message(case, repo, gen, update):
    shutil.copy(case, repo / "environments/test.yaml")

    result = gen("render", exit_code=1)

    assert [path.name for path in repo.rglob("*.*")] == ["test.yaml"], "nothing is written"
    expected = case.with_suffix(".txt")
    if update:
        expected.write_text(result.stderr, "utf-8")
    assert result.stderr == expected.read_text("utf-8")
