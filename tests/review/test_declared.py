"""The declared lines of two scripts, compared; what they mean is what infra/lib/ says."""

import re

import pytest

from generator import environment
from generator.environment import messages
from generator.render import infra
from generator.review import declared, review
from generator.review.model import Level, Side
from generator.review.rules import azure
from tests.review.objects import env, side
from tests.trees import ROOT

LIBRARY = "".join(file.read_text() for file in sorted((ROOT / "infra/lib").glob("*.sh")))
SIGNATURES = dict(re.findall(r"^(\w+)\(\) \{ # ([\w ]+?)(?: \[\w+\])?$", LIBRARY, re.MULTILINE))
VAULT = {"secrets__provider": "key-vault", "secrets__key_vault": "kv-one"}


@pytest.mark.parametrize("verb", declared.SHAPES)
def test_a_shape_is_what_the_function_takes_and_calls_it(verb):
    shape = declared.SHAPES[verb]
    assert " ".join(shape.arguments) == SIGNATURES.get(verb, "")
    called = set(re.findall(r"^  resource '([^']+)'", LIBRARY, re.MULTILINE))
    assert shape.kind in called
    assert shape.inside in ("", *called)


def test_every_resource_of_every_environment_has_a_shape_and_a_name_of_its_own():
    for side_ in environment.load(ROOT):
        [script] = infra.files(side_)
        found = declared.resources(script.text)
        assert len(found) > 20
        assert len({item.key for item in found}) == len(found)
        assert {item.kind for item in found} <= set(declared.KINDS)
        assert not [item for item in found if "more" in item.values]


def test_what_the_library_never_changes_has_a_word_of_the_rules():
    never = set(re.findall(r'^  property \S+ "\$(\w+)".*\n  never ', LIBRARY, re.MULTILINE))
    assert never == {"location", "node_size", "most_pods"}
    fixed = {messages.key(where) for where in azure.FIXED}
    assert {"azure.location", "cluster.nodes.size"} <= fixed  # most_pods is no value


def said(before, after):
    return [
        (change.verb, change.object.subject, [field.path for field in change.fields])
        for change in declared.changes(before, after)
    ]


def test_resources_come_go_and_change():
    tagged = env(azure__tags__owner="me")
    assert said(side(environment=env()), side(environment=tagged)) == [
        ("update", f"{kind} {name}", ["tags.owner"])
        for kind, name in (
            ("resource group", "rg-mlflow-test"),
            ("storage account", "mlflowtest0aa3981a"),
            ("managed identity", "id-aks-mlflow-test"),
            ("AKS cluster", "aks-mlflow-test"),
            ("managed identity", "id-aks-mlflow-test-plan"),
            ("managed identity", "id-aks-mlflow-test-apply"),
        )
    ]
    vault = said(side(environment=env()), side(environment=env(**VAULT)))
    assert ("create", "key vault kv-one", []) in vault
    assert ("create", "vault secret kv-one/admin-password", []) in vault
    assert ("delete", "age key aks-mlflow-test/sops-age", []) in vault
    assert ("update", "AKS cluster aks-mlflow-test", ["secrets_provider"]) in vault


def test_what_is_in_or_upon_another_goes_with_it():
    before, after = side(environment=env(**VAULT)), side(environment=env())
    gone = [change.object for change in declared.changes(before, after) if not change.after]
    [vault] = [item for item in gone if item.kind == "key vault"]
    inside = [item.subject for item in gone if declared.goes_with(item, vault)]
    assert "vault secret kv-one/admin-password" in inside
    assert "role assignment secrets_user for pods" in inside
    assert vault.subject not in inside
    found = [item for item in review("test", before, after).findings if item.level > Level.RESTART]
    assert [item.subject for item in found if item.rule == "azure-orphaned"] == [vault.subject]


def test_hostile_words_are_words():
    script = (
        "a='x; y'\ntags=(\n  'o=a b'\n)\nresources() {\n  # c\n  blob_container 'a$(b)' \"$c\"\n}\n"
    )
    [item] = declared.resources(script)
    assert item.subject == "blob container a$(b)/$c"


def test_a_line_that_is_not_known_is_an_object_of_its_own():
    [item] = declared.resources("resources() {\n  front_door one two\n}\n")
    assert item.subject == "front door one two"


def test_without_a_script_nothing_is_compared():
    new = side(environment=env())
    assert declared.changes(Side(env()), new) == ()
    assert declared.changes(new, Side(env())) == ()
    assert {change.verb for change in declared.changes(Side(), new)} == {"create"}
