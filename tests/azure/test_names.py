"""What the scripts and the manifests both name comes from one field, so both move together."""

import re

import pytest
import yaml

from generator import environment, render
from generator.environment import keys
from generator.render import infra
from generator.secrets import table
from tests.trees import ROOT

# A field, and a value that it does not have yet.
SHARED = {
    "azure__subscription": "0aa3981a-2222-4222-8222-222222222222",
    "azure__resource_group": "rg-another",
    "apps__mlflow__artifacts__account": "another0aa3981a",
    "apps__mlflow__artifacts__container": "another",
    "apps__mlflow__database__disk": "pvc-another",
    "git__url": "https://github.com/another/repository",
    "secrets__key_vault": "kv-another",
}


@pytest.fixture
def prod():
    """prod, with a name for what its file leaves out or has a placeholder for."""
    [env] = environment.load(ROOT, ["prod"])
    for key, value in {
        "azure__subscription": "0aa3981a-1111-4111-8111-111111111111",
        "apps__mlflow__database__disk": "pvc-0aa3981a",
        "notifications__commit_status": "github",
    }.items():
        _, env = changed(env, key, value)
    return env


def changed(env, key, value):
    values = env.model_dump()
    *parts, last = key.split("__")
    inner = values
    for part in parts:
        inner = inner[part]
    old, inner[last] = inner[last], value
    return old, type(env).model_validate(values)


def texts(env):
    """The script's text and the manifests' text."""
    files = render.files(env, encrypted=())
    script = "".join(file.text for file in files if file.path == infra.script(env.name))
    return script, "".join(file.text for file in files if file.path != infra.script(env.name))


def holds(text, name):
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)


@pytest.mark.parametrize(("key", "value"), SHARED.items())
def test_a_changed_name_moves_in_the_script_and_in_the_manifests(prod, key, value):
    old, env = changed(prod, key, value)
    for before, after in zip(texts(prod), texts(env), strict=True):
        assert holds(before, old)
        assert not holds(after, old)
        assert value in after


def test_every_name_that_both_have_is_among_these(prod):
    """A choice is one of a few words, which stand anywhere."""
    groups = environment.Values.model_json_schema()["$defs"].values()
    fields = [field for group in groups for field in group["properties"].values()]
    choices = {choice for field in fields for choice in field.get("enum", ())}
    script, manifests = texts(prod)
    assert set(SHARED) == {
        "__".join(where)
        for where, value in keys.leaves(prod)
        if isinstance(value, str) and value not in choices
        if holds(script, value) and holds(manifests, value)
    }


def test_the_identitys_subjects_are_the_service_accounts(prod):
    script, _ = texts(prod)
    subjects = set(re.findall(r"system:serviceaccount:(\S+)", script))
    accounts = [
        document
        for folder in ("base", "components/backup")
        for file in (ROOT / "apps/mlflow" / folder).rglob("*.yaml")
        for document in yaml.safe_load_all(file.read_text())
        if document and document["kind"] == "ServiceAccount"
    ]
    assert subjects == {f"mlflow:{account['metadata']['name']}" for account in accounts}


def test_flux_fills_in_the_facts_that_the_config_map_asks_for():
    wanted = set(re.findall(r"\$\{(\w+)\}", (ROOT / "infra/facts/azure-facts.yaml").read_text()))
    flux = (ROOT / "infra/lib/flux.sh").read_text()
    assert wanted == set(re.findall(r"substitute\.(azure_\w+)", flux))
    assert wanted == set(
        re.findall(r"literal=(azure_\w+)", (ROOT / "infra/lib/outputs.sh").read_text())
    )


def test_every_file_that_a_person_names_is_looked_at_before_anything_is_done():
    listed = re.findall(r"\b[A-Z_]+_FILE\b", (ROOT / "infra/lib/preflight.sh").read_text())
    given = {secret.variable for secret in table.TABLE if secret.given}
    assert given
    assert set(listed) == given | {"AGE_KEY_FILE", "GIT_TOKEN_FILE", "GIT_SSH_KEY_FILE"}


def test_an_environments_tags_leave_room_for_the_digests_in_the_clusters():
    """A resource has 50: one digest is of the age key, the others of what Flux reads."""
    azure = environment.Values.model_json_schema()["$defs"]["Azure"]["properties"]
    digests = 1 + sum(kept.namespace == "flux-system" for kept in table.KEPT)
    assert azure["tags"]["maxProperties"] + digests == 50
