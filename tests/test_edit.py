"""An edit of an environment file changes one value and no other byte."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import yaml
from generator.environment import edit

TEXT = """\
# The top.

a: 1   # one
b: {c: "two", d: [x, 'y']}  # flow
e:
  - three
  - four # last

  # a comment of e
f:
    g: 'five'

    h:
i: {}
é: ü # not ASCII
"""


@pytest.mark.parametrize(
    ("location", "value", "old", "new"),
    [
        (("a",), 2, "a: 1   # one", "a: 2   # one"),
        (("b", "c"), 'say "hi"', '"two"', r'"say \"hi\""'),
        (("b", "d"), ["z"], "[x, 'y']", "[z]"),
        (("b", "d", 1), "it's", "'y'", "'it''s'"),
        (("e",), ["on"], "- three\n  - four", "- 'on'"),
        (("e",), [], "- three\n  - four", "[]"),
        (("e", 1), "3.10", "- four # last", "- '3.10' # last"),
        (("f", "h"), "new", "h:\n", "h: new\n"),
        (("f", "k"), True, "    h:\n", "    h:\n    k: true\n"),
        (("i", "j"), "x", "{}", "{j: x}"),
        (("b", "z", "m"), 1, "'y']}", "'y'], z: {m: 1}}"),
        (("f", "h", "x"), 1, "    h:\n", "    h:\n      x: 1\n"),
        (("é",), "ß", "é: ü", "é: ß"),
        (("new", "deep"), "x", "# not ASCII\n", "# not ASCII\nnew:\n  deep: x\n"),
    ],
)
def test_the_rest_stays_byte_for_byte(location, value, old, new):
    result = edit.assign(TEXT, {location: value})
    assert TEXT.count(old) == 1
    assert result == TEXT.replace(old, new)
    assert edit.assign(result, {location: value}) == result, "the second time changes nothing"


BLOCKS = ["|2+\n\n", "|\n    x\n", "|-\n    x\n    y\n", "|+\n    x\n\n\n", ">\n    x\n    y\n"]


@pytest.mark.parametrize("behind", ["", "# c\n", "\n# c\n", "b: 1\n", "# c\nb: 1\n"])
@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_text_is_set_and_removed_and_has_neighbours(block, behind):
    text = f"a:\n  t: {block}{behind}"
    others = yaml.read(text).values
    mine = others.pop("a")
    for result, values in (
        (edit.assign(text, {("a", "t"): "new"}), others | {"a": {"t": "new"}}),
        (edit.assign(text, {("a", "n"): 1}), others | {"a": mine | {"n": 1}}),
        (edit.remove(text, [("a", "t")]), others),
    ):
        assert (yaml.read(result).values or {}) == values
        assert result.count("# c") == text.count("# c")


keys = st.text("abcdefgh", min_size=1, max_size=3)
trees = st.recursive(
    st.integers() | st.text() | st.lists(st.text()),
    lambda inner: st.dictionaries(keys, inner, min_size=1),
    max_leaves=12,
)


@given(st.dictionaries(keys, trees, min_size=1), st.data(), st.text() | st.integers())
def test_exactly_the_value_changes(document, data, value):
    text = "# top\n" + yaml.dump(document).replace("\n", "\n# note\n", 1)
    try:
        parsed = yaml.read(text)
    except yaml.Invalid:
        return  # the note fell into a block of text
    if parsed.values != document:
        return
    places = [place for place in parsed.keys if place not in parsed.ends]
    location = data.draw(st.sampled_from(places or [("new",)]))

    result = edit.assign(text, {location: value})

    inner = document
    for key in location[:-1]:
        inner = inner[key]
    inner[location[-1]] = value
    assert yaml.read(result).values == document
    changed = [
        line for line in difflib.ndiff(text.split("\n"), result.split("\n")) if line[0] in "+-"
    ]
    assert all("# top" not in line for line in changed)
