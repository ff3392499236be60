"""A secret in the vault gets a new value; nobody sees it, and the old one stays as a version."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(1200)


def test_a_secret_gets_another_value_unseen(applied, azure):
    before = azure.control("values")
    told = [applied.run("rotate-secret", name) for name in before]
    after = azure.control("values")
    assert list(after) == list(before)
    for name, (old, new) in after.items():
        assert [old] == before[name]
        assert len(old) == len(new)
        # The account still has the key that it had.
        assert (old == new) == (name == "storage-connection-string")
    assert [result.err.strip() for result in told] == [f"{name} has a new value" for name in before]
    log = (Path(applied.variables["XDG_STATE_HOME"]) / "mlflow-gitops/prod.log").read_text()
    for result in told:
        assert all(versions[1] not in result.out + result.err + log for versions in after.values())
    assert applied.run("plan").lines("+", "~", "!") == []


def test_what_is_no_secret_of_the_environment_is_refused(script, azure):
    refused = script.run("rotate-secret", "databse-password", status=1)
    assert refused.err == (
        "prod has no secret 'databse-password'; it has: "
        "admin-password database-password flask-secret-key storage-connection-string\n"
    )
    assert azure.writes() == []


@pytest.mark.parametrize("script", ["dev"], indirect=True)
def test_with_sops_there_is_none(script):
    refused = script.run("rotate-secret", "admin-password", status=1)
    assert "dev keeps no secrets in a key vault; see: gen secrets rotate" in refused.err
