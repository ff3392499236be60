"""Values survive YAML: what is written is what a YAML 1.1 reader (Kubernetes) and ours read."""

from contextlib import suppress

import pytest
import yaml as yaml_1_1
from hypothesis import example, given
from hypothesis import strategies as st

from generator import yaml

scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
documents = st.dictionaries(st.text(), values)

TRAPS = ["on", "No", "y", "~", "", "12:30:45", "1.10", "0755", "0o7", "1e3", "2026-11-24", "<<"]
TRAPS += ["=", "0x1F", "1_000", ".inf", "- a", "a: b", "#", "a #b", "*a", "&a", "two\nlines\n"]
TRAPS += ["${a}", "\u2028", "\x85", "\ttab", " lead", "trail ", "trail \n next", "%", "@", "`"]


@pytest.mark.parametrize("text", TRAPS)
def test_a_string_stays_a_string(text):
    assert yaml_1_1.safe_load(yaml.dump({"key": text})) == {"key": text}
    assert yaml.read(yaml.dump({"key": text})).values == {"key": text}


@given(documents)
def test_a_yaml_1_1_reader_sees_the_same_values(document):
    assert yaml_1_1.safe_load(yaml.dump(document)) == document


@given(documents)
@example({"": {"": []}})
def test_our_reader_sees_the_same_values(document):
    assert yaml.read(yaml.dump(document)).values == document


@given(st.lists(documents, min_size=1))
def test_every_document_arrives(many):
    assert list(yaml_1_1.safe_load_all(yaml.dump(*many))) == many


@given(st.text())
def test_no_text_makes_the_reader_fail_in_another_way(text):
    with suppress(yaml.Invalid):
        yaml.read(text)


def test_what_is_readable_stays_plain():
    document = {
        "image": "a/b:1.2",
        "memory": "8Gi",
        "cidr": "10.0.0.0/8",
        "flag": True,
        "none": None,
    }
    assert yaml.dump(document) == (
        "image: a/b:1.2\nmemory: 8Gi\ncidr: 10.0.0.0/8\nflag: true\nnone: null\n"
    )


def test_a_value_without_a_form_is_our_mistake():
    with pytest.raises(TypeError, match="float has no form in a manifest"):
        yaml.dump({"a": 1.5})


def test_lines_are_found_or_the_closest():
    document = yaml.read("a:\n  - b: 1\n  - c: 2\nd: {e: 3}\n")
    assert document.line(("a", 1, "c")) == 3
    assert document.line(("a", 1, "missing")) == 3
    assert document.line(("d", "e")) == 4
    assert document.line(()) == 1


@pytest.mark.parametrize("text", ["1" * 5000, "1e999", "-.inf", "0x10", "0o7", "1_0", "12:30"])
def test_odd_numbers_are_read_without_an_accident(text):
    assert yaml.read(f"a: {text}").values is not None


@given(st.lists(documents, min_size=1))
def test_a_text_is_split_into_its_documents(many):
    parts = yaml.split(yaml.dump(*many))
    assert [yaml.read(text).values for _, text in parts] == many


def test_a_document_knows_its_line_and_empty_ones_are_none():
    text = "# nothing\n---\n---\na: 1\n---  # a comment\n\nb: |\n  --- not here\n--- {c: 3}\n"
    assert [(line, yaml.read(part).values) for line, part in yaml.split(text)] == [
        (3, {"a": 1}),
        (5, {"b": "--- not here\n"}),
        (9, {"c": 3}),
    ]


@pytest.mark.parametrize("text", ["[" * 5000, "a: " + "{b: " * 5000, "- " * 5000])
def test_a_bottomless_text_is_refused(text):
    with pytest.raises(yaml.Invalid, match="nested too deeply"):
        yaml.read(text)
