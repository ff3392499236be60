"""`gen secrets list`: names, dates and users, with a key or without; never a value."""

import re

from tests.secrets.conftest import ENVIRONMENT
from tests.trees import write


def rows(output):
    return [re.split(r"  +", line) for line in output.splitlines()]


def test_lists_what_an_environment_needs(gen, initialised, key):
    key.unlink()
    heading, *secrets = rows(gen("secrets", "list", "--env", "staging").output)
    assert heading == ["ENVIRONMENT", "SECRET", "LAST CHANGED", "USED BY", "WHAT FOR"]
    found = {name: (date, users) for _, name, date, users, _ in secrets}
    date, users = found.pop("database-password")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", date)
    assert users == "mlflow, postgresql"
    assert found.pop("storage-connection-string") == ("missing", "mlflow")
    assert found == dict.fromkeys(("admin-password", "flask-secret-key"), (date, "mlflow"))


def test_the_date_is_that_of_the_last_change(gen, initialised, monkeypatch):
    old = initialised.read_text()
    dates = re.findall(r"last-changed/(\S+): \"?(20[^\s\"]+)", old)
    assert len(dates) == 3
    monkeypatch.setattr("generator.cli.secrets.change._now", lambda: "2031-01-01T00:00:00Z")
    gen("secrets", "rotate", "--env", "staging", "admin-password")
    output = gen("secrets", "list").output
    assert re.search(r"admin-password +2031-01-01T00:00:00Z", output)
    assert output.count("2031") == 1


def test_of_a_key_vault_it_names_the_vault(gen, repo):
    text = ENVIRONMENT.replace("provider: sops", "provider: key-vault\n  key_vault: kv-test")
    tls = "    exposure:\n      tls: {host: mlflow.example.com}\n"
    write(repo, "environments/staging.yaml", text.replace("    exposure:\n", tls))
    output = gen("secrets", "list").output
    assert re.search(r"admin-password +see kv-test", output)
    assert re.search(r"tls-certificate +see kv-test", output)


def test_before_init_all_is_missing(gen, repo):
    assert gen("secrets", "list").output.count("missing") == 4
