"""`gen users` where a server says no, or what is typed is wrong: a line each, and no secret.

What it does on a real server is in tests/local.
"""

import json
import os
import pty
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from generator import environment
from generator.cli import gen as command
from generator.client.users import model
from generator.client.users.model import Grant, Thing, User
from generator.validate.rules import advice
from tests.client.answering import serving
from tests.trees import MINIMAL, write

HASH = "scrypt:32768:8:1$2hXSq4C1$d3adb33f"
GET = "/api/2.0/mlflow/users/get?username=alice"
CREATE = "/api/2.0/mlflow/users/create"
OLD = {"/health": (200, b"OK"), "/version": (200, b"2.22.0")}
NOBODY = (404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}')


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """This machine's proxies are not what is tested."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def users(repo, gen, monkeypatch):
    """`gen users ARGUMENTS --env test` at an address; what it says."""
    write(repo, "environments/test.yaml", MINIMAL)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "the administrator's")
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nobody is asked

    def run(*arguments, url="", exit_code=1, **extra):
        if url:
            monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        return gen("users", *arguments, "--env", "test", exit_code=exit_code, **extra).output

    return run


def refusal(code, status=400):
    """How MLflow refuses, with what must not be shown again."""
    message = f"Error: [parameters: {{'password_hash': '{HASH}'}}]"
    return status, json.dumps({"error_code": code, "message": message}).encode()


FAILS = [
    ((401, b"You are not authenticated."), "401: the user or the password is wrong; MLFLOW_"),
    ((403, b"Permission denied"), "403: admin may not do this; it takes an administrator\n"),
    ((403, b"Invalid Host header"), "403: invalid host: the server does not know itself"),
    ((404, b"<!doctype html>"), "404: the server has no such route: does it ask for users"),
    (refusal("INVALID_PARAMETER_VALUE"), "400: the server refuses this: INVALID_PARAMETER_VALUE\n"),
    (refusal(HASH), "wrong server: "),
    (refusal("INTERNAL_ERROR", 500), "500: the server is up but cannot work; does PostgreSQL?"),
    (refusal("TEMPORARILY_UNAVAILABLE", 503), "503: the server is up but cannot work;"),
    ((302, b""), "wrong server: "),
    ((200, b"<html>a login page</html>"), "wrong server: "),
    ((200, b"{}"), "wrong server: "),
    ((200, b'{"user": "alice"}'), "wrong server: "),
]


@pytest.mark.parametrize(("answer", "said"), FAILS, ids=lambda value: str(value)[:40])
def test_a_server_that_says_no(users, answer, said):
    with serving(OLD | {GET: answer}) as (url, _):
        output = users("show", "alice", url=url)
    assert output.startswith(f"environments/test.yaml: {said}")
    assert output.count("\n") == 1
    assert HASH not in output


@pytest.mark.parametrize(("answer", "said"), FAILS[4:8], ids=lambda value: str(value)[:40])
def test_a_server_that_will_not_make_a_user(users, answer, said):
    with serving(OLD | {GET: NOBODY, CREATE: answer}) as (url, _):
        output = users("add", "alice", url=url, input="a password of hers\n")
    assert output.startswith(f"environments/test.yaml: {said}")
    assert HASH not in output


def test_a_user_whom_somebody_else_makes_at_the_same_time(users):
    answers = OLD | {GET: NOBODY, CREATE: refusal("RESOURCE_ALREADY_EXISTS")}
    with serving(answers) as (url, _):
        output = users("add", "alice", url=url, input="a password of hers\n")
    assert output == (
        "environments/test.yaml: a user alice exists already; another password for them: "
        "gen users password --env test alice\n"
    )


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (b"3.5.0", "MLflow 3.5.0: gen knows the users of 2.22, and of 3.16 and newer"),
        (b"<html>", "wrong server: "),
    ],
)
def test_a_server_of_another_version(users, version, said):
    with serving({"/health": (200, b"OK"), "/version": (200, version)}) as (url, _):
        assert users("list", url=url).startswith(f"environments/test.yaml: {said}")


def test_the_password_goes_to_no_server_that_is_not_mlflow(users):
    with serving({"/health": (200, b"fine")}) as (url, asked):
        assert users("list", url=url).startswith("environments/test.yaml: wrong server: ")
    assert asked == [("/health", None)]


ALICE = {"id": 7, "username": "alice", "is_admin": False}
ALICE |= {"experiment_permissions": [], "registered_model_permissions": []}
THERE = (200, json.dumps({"user": ALICE}).encode())
REMOVING = {
    "/api/2.0/mlflow/users/update-password": (200, b"{}"),
    "/api/2.0/mlflow/users/delete": (200, b"{}"),
}


def test_a_user_who_is_removed_by_half_is_told(users):
    refuses = {"/api/2.0/mlflow/users/delete": refusal("INTERNAL_ERROR", 500)}
    with serving(OLD | REMOVING | refuses | {GET: THERE}) as (url, asked):
        output = users("remove", "alice", url=url)
    shut, delete, *_ = [path.rpartition("/")[2] for path, _ in asked if path in REMOVING]
    assert (shut, delete) == ("update-password", "delete"), "shut out first, whatever follows"
    assert output.startswith(
        "environments/test.yaml: alice cannot log in, but is not removed: 500: the server is up"
    )
    assert output.endswith("; again: gen users remove --env test alice\n")


def test_a_removed_user_whom_the_server_lets_in_is_an_error(users):
    """This one serves /version to everybody, as a server that remembers passwords would."""
    with serving(OLD | REMOVING | {GET: [THERE, THERE, NOBODY]}) as (url, _):
        output = users("remove", "alice", url=url)
    again = "gen users remove --env test alice"
    assert output == f"environments/test.yaml: alice can still log in; again: {again}\n"


def test_clear_text_is_warned_of_in_the_words_of_validate(users, repo):
    (env,) = environment.load(repo, ["test"])
    said = users("list", url="http://mlflow.invalid")
    assert said.startswith(f"warning: {advice.in_clear_text(env)}\n")
    assert "\nenvironments/test.yaml: DNS: mlflow.invalid has no address;" in said
    assert "clear text" not in users("list", url="https://mlflow.invalid")


def test_nothing_that_stays_on_this_machine_is_warned_of(users):
    with socket.socket() as sock:  # bound, so that nobody else is; not listening
        sock.bind(("127.0.0.1", 0))
        said = users("list", url=f"http://127.0.0.1:{sock.getsockname()[1]}")
    assert said.startswith("environments/test.yaml: refused: nothing listens at ")


def test_another_server_than_the_environments_is_noticed(users, repo):
    named = MINIMAL.replace("    artifacts:", "      dns_label: mlflow-test\n    artifacts:")
    write(repo, "environments/test.yaml", named)
    with serving({"/health": (404, b"")}) as (url, _):
        said = users("list", url=url)
    own = "http://mlflow-test.centralindia.cloudapp.azure.com"
    notice = f"notice: environments/test.yaml: MLFLOW_TRACKING_URI leads to {url}, not to {own}\n"
    assert said.startswith(notice)


ADMIN = "environments/test.yaml: apps.mlflow.auth.admin: admin is the administrator, "


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", "admin"), "whom every start of the server makes; choose another name"),
        (("password", "admin"), "who gets the secret's password at every start; change that: "
         "gen secrets rotate --env test admin-password"),
        (("remove", "admin"), "whom every start makes again; first let somebody else be it, and "
         "merge: gen set --env test apps.mlflow.auth.admin=NAME"),
        (("permit", "admin", "model", "m", "READ"), "who may do everything, with and without a "
         "grant; name another user"),
        (("revoke", "admin", "model", "m"), "who may do everything, with and without a grant; "
         "name another user"),
    ],
)  # fmt: skip
def test_the_administrator_is_left_alone(users, arguments, why):
    assert users(*arguments) == f"{ADMIN}{why}\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", ""), "a user's name is empty"),
        (("add", "a:b"), "a user's name with a colon could not log in"),
        (("add", " alice"), "a user's name has no blanks at its ends"),
        (("add", "al\u200bice"), "a user's name has no blanks at its ends, and nothing invisible"),
        (("add", "a" * 256), "a user's name has 256 characters; 255 is the most"),
        (("show", "al\nice"), "a user's name holds a control character"),
        (("remove", "al\udcffice"), "a user's name is not UTF-8"),
        (("permit", "alice", "model", "", "READ"), "the model's name is empty"),
        (("revoke", "alice", "experiment", "\0"), "the experiment's name holds a control"),
        (("revoke", "alice", "experiment", "é" * 501), "the experiment's name is too long"),
    ],
    ids=ascii,
)
def test_names_that_nothing_can_have(users, arguments, why):
    assert users(*arguments).startswith(f"environments/test.yaml: {why}")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (b"", "the password has 0 characters; 12 or more are needed"),
        (b"eleven char\n", "the password has 11 characters; 12 or more are needed"),
        (b"two lines of\na password\n", "the password is one line; what was given has several"),
        (b"caf\xe9 and some more\n", "the password is not UTF-8"),
        (b"with a \x1b in the middle", "the password holds a control character"),
        (b"a" * 300, "the password has 300 characters; 200 is the most"),
    ],
    ids=ascii,
)
def test_passwords_that_are_none(users, typed, why):
    with serving(OLD | {GET: NOBODY}) as (url, asked):
        said = users("add", "alice", url=url, input=typed)
    assert said == f"environments/test.yaml: {why}\n"
    assert CREATE not in [path for path, _ in asked]


def test_a_typed_password_is_asked_for_twice_and_not_shown(repo):
    typed = ["a password typed", "another one typed", "a password typed", "a password typed"]
    write(repo, "environments/test.yaml", MINIMAL)
    with serving(OLD | {GET: NOBODY, CREATE: (200, b"{}")}) as (url, _):
        main, terminal = pty.openpty()
        add = ["-m", "generator", "users", "add", "--env", "test", "alice"]
        process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", sys.executable, *add],
            cwd=repo,
            env={**os.environ, "MLFLOW_TRACKING_URI": url, "MLFLOW_TRACKING_PASSWORD": "admin's"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        shown = ""
        for line in typed:
            while not shown.endswith(": "):
                shown += os.read(main, 1000).decode()
            os.write(main, f"{line}\n".encode())
            shown += "..."
        assert process.wait() == 0
        shown += os.read(main, 1000).decode()
    os.close(main)
    assert "The two entered values do not match." in shown
    assert f"alice may log in at {url}" in shown
    assert "typed" not in shown


def test_an_unknown_environment(users, gen):
    said = gen("users", "list", "--env", "nope", exit_code=1).output
    assert said == "environments/nope.yaml: no such environment; known: test\n"


@pytest.mark.parametrize("name", command.get_command(None, "users").commands)
def test_every_command_shows_an_example(name):
    example = f"Example: gen users {name} --env prod"
    assert example in CliRunner().invoke(command, ["users", name, "--help"]).output


@given(st.text())
def test_what_a_user_chose_moves_no_cursor(text):
    assert model.plain(text).isprintable()


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=255))
def test_a_name_that_a_new_user_may_have_is_one_that_logs_in(name):
    if model.wrong_new_name(name) is None:
        assert f"{name}:a: b".split(":", 1) == [name, "a: b"]
        assert name == name.strip()


def test_who_manages_a_thing():
    iris = Thing("model", "iris")
    users = [
        User(1, "admin", True, (Grant(iris, "MANAGE"),)),
        User(2, "bob", False, (Grant(Thing("model", "*"), "MANAGE", "modellers"),)),
        User(3, "carl", False, (Grant(iris, "EDIT"), Grant(Thing("experiment", "iris"), "MANAGE"))),
        User(4, "dora", False, (Grant(iris, "MANAGE"),)),
        User(5, "emil", False, (Grant(Thing("workspace", "*"), "MANAGE", "owners"),)),
    ]
    assert model.managers(users, iris) == ["bob", "dora", "emil"]
