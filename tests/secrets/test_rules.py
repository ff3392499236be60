"""`.sops.yaml` belongs to people too: their rules, comments and order stay."""

from pathlib import PurePosixPath

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import GenError
from generator.secrets import rules

PATH = PurePosixPath("apps/mlflow/overlays/staging/data/secrets.sops.yaml")
OTHER = PurePosixPath("apps/mlflow/overlays/dev/data/secrets.sops.yaml")

WRITTEN = {
    "no file": "",
    "only a comment": "# mine\n",
    "indented": "creation_rules:\n  - path_regex: ^other$\n    age: age1x # me\n",
    "not indented": "creation_rules:\n- path_regex: ^other$\n  age:\n  - age1x\n",
    "no line break at the end": "creation_rules:\n  - path_regex: ^other$\n    pgp: ABCD",
    "more after it": "creation_rules:\n  - path_regex: ^other$\n    age: x\nstores: {yaml: {}}\n",
    "folded": "creation_rules:\n  - path_regex: ^other$\n    age: >-\n      age1x,\n      age1y\n",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_rule_is_added_and_every_line_stays(name):
    before = WRITTEN[name]
    after = rules.add(before, PATH, ["age1a", "age1b"])
    assert rules.recipients(after, PATH) == ["age1a", "age1b"]
    lines = iter(after.splitlines())
    assert all(line in lines for line in before.splitlines()), "in the same order"
    old, new = (yaml.safe_load(text) or {} for text in (before, after))
    assert new["creation_rules"][:-1] == old.get("creation_rules", [])
    assert {**new, "creation_rules": 0} == {**old, "creation_rules": 0}


LISTS = {
    "a line each": "    age:\n      - age1a # Ada\n      - age1b # Bob\n    pgp: ABCD\n",
    "not indented": "    age:\n    - age1a # Ada\n    - age1b\n",
    "commas": "    age: age1a, age1b\n",
    "in brackets": "    age: [age1a, age1b]\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_recipients_change_whatever_the_form(name):
    before = f"creation_rules:\n  - path_regex: ^{PATH}$\n{LISTS[name]}"
    assert rules.recipients(before, PATH) == ["age1a", "age1b"]
    after = rules.assign(before, PATH, ["age1a", "age1c"])
    assert rules.recipients(after, PATH) == ["age1a", "age1c"]
    assert ("# Ada" in after) == ("# Ada" in before)
    assert "# Bob" not in after


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True),
    st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True),
)
def test_any_recipients_become_any_others_and_no_other_rule_changes(old, new):
    keys = [[f"age1{number}" for number in numbers] for numbers in (old, new)]
    text = rules.add(rules.add(rules.add("", OTHER, ["age1x"]), PATH, keys[0]), OTHER, ["age1y"])
    after = rules.assign(text, PATH, keys[1])
    assert set(rules.recipients(after, PATH)) == set(keys[1])
    assert rules.recipients(after, OTHER) == ["age1x"]
    assert rules.assign(after, PATH, keys[1]) == after


def test_the_first_rule_that_matches_counts_as_for_sops():
    everything = "creation_rules:\n  - age: age1all\n"
    assert rules.recipients(rules.add(everything, PATH, ["age1a"]), PATH) == ["age1all"]


REFUSED = {
    "not YAML": ("creation_rules:\n  - age: [\n", 3),
    "no list": ("creation_rules:\n  age: age1x\n", 1),
    "in brackets": ("# mine\ncreation_rules: [{age: age1x}]\n", 2),
    "other keys": ("creation_rules:\n  - pgp: ABCD\n", 2),
    "no pattern": ("creation_rules:\n  - age: age1x\n    path_regex: '('\n", 3),
    "anchors": ("creation_rules:\n  - age: &me age1x\n", 2),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_line(mistake):
    text, line = REFUSED[mistake]
    with pytest.raises(GenError) as caught:
        rules.recipients(text, PATH)
    assert [(p.path, p.line) for p in caught.value.problems] == [(rules.PATH, line)]
