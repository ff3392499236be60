"""tests/diff/<scenario>/: two trees in a real Git repository, and what `gen diff` says of them."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from generator.review.rules import RULES
from tests.review import repositories
from tests.review.repositories import git
from tests.trees import ROOT

SCENARIOS = sorted(path.parent for path in (ROOT / "tests/diff").glob("*/after"))
# Said by the command about the tree itself, not by a rule about what is in it.
OF_THE_TREE = {"conflict", "not-rendered", "unreadable"}


@pytest.fixture
def repo(tmp_path):
    return repositories.whole(tmp_path / "repo")


def lay(root: Path, layer: Path, gen) -> None:
    """Lay one side of a scenario over the tree."""
    for file in sorted(path for path in layer.rglob("*") if path.is_file()):
        if file.name == "set":
            for line in file.read_text().splitlines():
                gen("set", "--env", *shlex.split(line))
        elif file.suffix == ".diff":
            git(root, "apply", "-C1", str(file))
        elif file.name == "removed":
            for target in (path for glob in file.read_text().split() for path in root.glob(glob)):
                shutil.rmtree(target) if target.is_dir() else target.unlink()
        else:
            target = root / file.relative_to(layer)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_a_scenario(scenario, repo, gen, update):
    lay(repo, scenario / "before", gen)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=before")
    lay(repo, scenario / "after", gen)

    output = gen("diff", "--against", "HEAD").output

    output = re.sub(r"\([0-9a-f]{12}\)", "(COMMIT)", output)
    output = re.sub(r"(?<=[a-z]-)[2456789bcdfghkmt]{10}\b", "HASH", output)
    if update:
        (scenario / "expected.txt").write_text(output)
    assert output == (scenario / "expected.txt").read_text()


def test_there_is_a_scenario_for_every_rule_and_thirty_at_least():
    said = "".join((path / "expected.txt").read_text() for path in SCENARIOS)
    found = set(re.findall(r"\[([a-z-]+)\]$", said, re.MULTILINE))
    assert found - OF_THE_TREE == set(RULES)
    assert len(SCENARIOS) >= 30
