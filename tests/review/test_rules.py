"""Every rule: what triggers it, with which verdict, and what looks alike and does not."""

import pytest

from generator.review import review
from generator.review.model import Level, Side
from generator.review.rules import RULES
from tests.review.examples import EXAMPLES, IMAGE, WITH_SOURCES
from tests.review.objects import (
    BUDGET,
    CLAIM,
    DEPLOYMENT,
    PASSWORDS,
    SERVICE,
    SETTINGS,
    STATEFUL_SET,
    changed,
    env,
    side,
)


@pytest.mark.parametrize(
    ("rule", "before", "after", "level"),
    EXAMPLES,
    ids=[f"{number}-{example[0]}" for number, example in enumerate(EXAMPLES)],
)
def test_a_rule_finds_what_it_is_for_and_nothing_else(rule, before, after, level):
    found = [item for item in review("test", before, after).findings if item.rule == rule]
    assert [item.level for item in found][:1] == ([] if level is None else [level]), found
    for item in found:
        assert not item.message.endswith(".")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_an_example_that_triggers_it_and_one_that_does_not(rule):
    levels = [level for name, _, _, level in EXAMPLES if name == rule]
    assert None in levels
    assert any(level is not None for level in levels)


def test_nothing_changes_between_equal_sides():
    objects = (DEPLOYMENT, STATEFUL_SET, SERVICE, BUDGET, CLAIM, *WITH_SOURCES)
    found = review("test", side(*objects, environment=env()), side(*objects, environment=env()))
    assert (found.level, found.findings, found.changes) == (Level.NOTHING, (), ())


def test_a_new_environment_is_not_told_as_if_it_ran():
    found = review("test", Side(), side(DEPLOYMENT, SERVICE, *WITH_SOURCES, environment=env()))
    assert {item.rule for item in found.findings} == {"environment", "exposure"}


def test_the_verdict_is_the_most_serious_finding_and_says_why():
    before = side(DEPLOYMENT, STATEFUL_SET)
    after = side(changed(DEPLOYMENT, IMAGE, "web:2"), changed(STATEFUL_SET, IMAGE, "web:2"))
    found = review("test", before, after)
    assert found.level == Level.DOWNTIME
    assert found.why.startswith("StatefulSet db: its only pod stops before the new one starts")


def test_a_hash_in_a_name_is_no_difference_but_what_it_stands_for_is():
    def hashed(suffix, workers):
        settings = changed(SETTINGS, "metadata/name", f"settings-{suffix}")
        reference = [{"configMapRef": {"name": f"settings-{suffix}"}}]
        path = "spec/template/spec/containers/0/envFrom"
        return side(
            changed(DEPLOYMENT, path, reference), changed(settings, "data/WORKERS", workers)
        )

    found = review("test", hashed("7t2k8m4b9c", "2"), hashed("g6h5d2f4k8", "3"))
    assert [
        (change.object.kind, change.object.name, [field.path for field in change.fields])
        for change in found.changes
    ] == [("Deployment", "web", ["(hashes)"]), ("ConfigMap", "settings", ["data.WORKERS"])]
    assert found.level == Level.RESTART


def test_a_secrets_value_is_never_shown():
    after = changed(PASSWORDS, "data/password", "dHdv")
    found = review("test", side(PASSWORDS), side(changed(after, "data/more", "dGhyZWU=")))
    assert [(field.before, field.after) for field in found.changes[0].fields] == [
        ("(hidden)", "(hidden)"),
        (None, "(hidden)"),
    ]


def test_a_secrets_value_is_not_shown_when_all_come():
    found = review("test", side(changed(PASSWORDS, "data", None)), side(PASSWORDS))
    assert found.changes[0].fields[0].after == {"password": "(hidden)"}
