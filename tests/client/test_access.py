"""The one place that an address and a password come from: what is set, else what is printed."""

import sys

import pytest

from generator import environment
from generator.client import access
from generator.errors import GenError
from tests.client.test_settings import MINIMAL, NAMED, PASSWORD, VAULT, programs_on_path
from tests.trees import ROOT, write

__all__ = ["programs_on_path"]  # a fixture


def given(repo, monkeypatch, values, folder, **variables):
    """What `gen users` goes by, with nothing but `folder` on PATH."""
    monkeypatch.setenv("PATH", str(folder))
    write(repo, "environments/test.yaml", values)
    (env,) = environment.load(repo, ["test"])
    return access.of(env, variables, access.run_in(repo, env))


@pytest.mark.parametrize("values", [VAULT, MINIMAL], ids=["key-vault", "sops"])
def test_gen_runs_what_it_prints_for_a_shell(repo, monkeypatch, programs_on_path, values):
    found = given(repo, monkeypatch, values, programs_on_path)
    assert (found.url, found.user, found.password) == ("http://203.0.113.7", "admin", PASSWORD)
    assert found.fetched
    assert PASSWORD not in repr(found)


def test_what_is_set_wins_and_runs_nothing(repo, monkeypatch, tmp_path):
    uri, password = "http://127.0.0.1:5000/", "a password"
    variables = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_TRACKING_PASSWORD": password}
    found = given(repo, monkeypatch, MINIMAL, tmp_path, **variables)
    assert (found.url, found.user, found.password) == ("http://127.0.0.1:5000", "admin", password)

    variables["MLFLOW_TRACKING_USERNAME"] = "alice"
    assert given(repo, monkeypatch, MINIMAL, tmp_path, **variables).user == "alice"


def test_a_user_alone_is_not_sent_the_administrators_password(repo, monkeypatch, programs_on_path):
    found = given(repo, monkeypatch, MINIMAL, programs_on_path, MLFLOW_TRACKING_USERNAME="alice")
    assert (found.user, found.password) == ("admin", PASSWORD)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (None, "az is not installed"),
        ("print('')", "az prints nothing"),
        (
            "import sys; print('first\\n\\nlast line', file=sys.stderr); sys.exit(1)",
            "az: last line",
        ),
        ("import sys; sys.exit(3)", "az: exit 3"),
    ],
)
def test_a_password_that_cannot_be_fetched(repo, monkeypatch, tmp_path, program, why):
    if program:
        write(tmp_path, "bin/az", f"#!{sys.executable}\n{program}\n").chmod(0o755)
    with pytest.raises(GenError) as raised:
        given(repo, monkeypatch, NAMED, tmp_path / "bin")
    assert str(raised.value) == (
        "environments/test.yaml: MLFLOW_TRACKING_PASSWORD is not set, and cannot be fetched: "
        f"{why}; set it, or see docs/client.md"
    )


def test_a_password_that_is_no_text(repo, monkeypatch, tmp_path):
    write(tmp_path, "bin/sops", f"#!{sys.executable}\nprint('/w==')\n").chmod(0o755)
    with pytest.raises(GenError, match="fetched: sops prints no base64 of a text; set it"):
        given(repo, monkeypatch, MINIMAL, tmp_path / "bin", MLFLOW_TRACKING_URI="http://x")


(PROD,) = environment.load(ROOT, ["prod"])
OWN = "http://mlflow-prod.centralindia.cloudapp.azure.com"
HERE = ["http://127.0.0.1:5000", "http://localhost:5000/", "http://[::1]:5000"]


def acted_on(url):
    """The server that `--env prod` means while MLFLOW_TRACKING_URI is set."""
    variables = {"MLFLOW_TRACKING_URI": url, "MLFLOW_TRACKING_PASSWORD": "a password"}
    return access.of(PROD, variables, lambda name, value: value.text).url


@pytest.mark.parametrize("url", ["", OWN, f"{OWN}/", *HERE])
def test_the_own_address_and_this_machines_are_taken(url):
    assert acted_on(url) == (url.rstrip("/") or OWN)


@pytest.mark.parametrize(
    "url",
    [
        "http://mlflow-dev.centralindia.cloudapp.azure.com",
        "http://mlflow-prod.centralindia.cloudapp.azure.com.example.org",
        "http://127.0.0.1.example.org",
        "https://10.0.0.4",
        "http://[broken",
    ],
)
def test_another_environments_address_is_refused(url):
    with pytest.raises(GenError) as raised:
        acted_on(url)
    assert str(raised.value) == (
        f"environments/prod.yaml: MLFLOW_TRACKING_URI is {url}, and this environment's server is "
        f"{OWN}; unset MLFLOW_TRACKING_URI, or name the environment that it is for"
    )
