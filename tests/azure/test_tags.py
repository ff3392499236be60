"""Tags are anybody's text: they reach Azure as they are, and a plan finds them there again."""

import re

import pytest

from tests.azure.test_quoting import NASTY, TAG_NAME

pytestmark = pytest.mark.timeout(1200)
GROUP = "Microsoft.Resources/resourceGroups"
# Flux would substitute ${, so an environment file refuses it.
TEXTS = [*(text for text in NASTY if "${" not in text), "[a-z]", "a=b", " a ", "Ü €", ""]
NAMES = [text for text in TEXTS if re.fullmatch(TAG_NAME.pattern, text, re.ASCII)]
TAGS = {f"tag{n}": text for n, text in enumerate(TEXTS)} | dict.fromkeys(NAMES, "x")


def test_nasty_tags_arrive_and_are_found_again(script, azure):
    script.render(azure__tags=TAGS)
    script.run("apply")
    tagged = [body for body in azure.resources().values() if body.get("tags")]
    assert len(tagged) == 7
    assert all(body["tags"] == TAGS for body in tagged)
    assert script.run("plan").lines("+", "~", "!") == []


def test_a_tag_that_looks_like_a_pattern_is_compared_as_it_is(script, azure):
    script.render(azure__tags={"one": "*", "two": "[a-z]"})
    group = f"/subscriptions/{script.env.azure.subscription}/resourceGroups/rg-mlflow-prod"
    body = {"location": "centralindia", "tags": {"one": "other", "two": "b"}}
    azure.call("PUT", group, body, version="2025-04-01")
    assert script.run("plan").lines("~") == [
        "~ resource group rg-mlflow-prod: tags.one: other -> *; tags.two: b -> [a-z]"
    ]
