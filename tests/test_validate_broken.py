"""Each tests/broken/<rule>/<mistake>.diff breaks the good tree; its .txt is what gen validate says.

`pytest --update` writes the .txt files anew.
"""

import subprocess
from pathlib import Path

import pytest

from generator import environment, render
from generator.validate import Report, validate
from generator.validate.rules import RULES, RULES_OF_THE_WHOLE, TREE_RULES

HERE = Path(__file__).parent
BROKEN = HERE / "broken"
CASES = sorted(BROKEN.glob("*/*.diff"))


def report(tree: Path) -> Report:
    return validate(tree, environment.load(tree), print)


def test_the_unbroken_tree_passes(tree: Path) -> None:
    found = report(tree)

    assert found.problems == ()
    assert found.objects == 32


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_a_broken_tree_says_why(case: Path, tree: Path, update: bool) -> None:
    subprocess.run(["git", "apply", str(case)], cwd=tree, check=True)

    problems = report(tree).problems

    said = "".join(f"{problem}\n" for problem in problems)
    expected = case.with_suffix(".txt")
    if update:
        expected.write_text(said)
    assert said == expected.read_text()
    assert problems, "the mistake was not found"


@pytest.mark.parametrize("size", range(0, 1900, 50))
def test_an_encrypted_file_that_is_cut_is_one_line(tree: Path, size: int) -> None:
    path = render.secrets(environment.load(tree, ["dev"])[0])
    file = tree / path
    file.write_bytes(file.read_bytes()[:size])

    found = report(tree)

    (problem,) = found.problems
    assert problem.path == path
    assert problem.message.endswith("; restore it from Git"), "no value stood in it as plain text"
    assert not [notice for notice in found.notices if notice.path == path]


def test_every_rule_has_a_broken_tree() -> None:
    assert {case.parent.name for case in CASES} >= {*RULES, *RULES_OF_THE_WHOLE, *TREE_RULES}
