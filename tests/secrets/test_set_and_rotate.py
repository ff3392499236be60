"""`gen secrets set` and `rotate`: one value changes, the revision is raised, the rest stays."""

import os
import pty
import subprocess
import sys

import pytest

from generator import environment, files
from tests.secrets.conftest import ENVIRONMENT
from tests.trees import tree, write

CONNECTION = (
    "DefaultEndpointsProtocol=https;AccountName=mlflowtest0aa3981a;AccountKey={key};"
    "EndpointSuffix=core.windows.net"
)
GOOD = CONNECTION.format(key="bXkta2V5")


def encrypted(file):
    """Each secret's line, as it stands in the file."""
    lines = file.read_text().splitlines()
    return {
        line.split(":")[0].strip(): line for line in lines if "ENC[" in line and "mac" not in line
    }


def revision(repo):
    return environment.load(repo, ["staging"])[0].secrets.revision


def test_rotate_changes_one_value_and_raises_the_revision(gen, repo, initialised, plain):
    before, lines = plain(), encrypted(initialised)

    output = gen("secrets", "rotate", "--env", "staging", "database-password").output

    after = plain()
    assert {name for name in after if after[name] != before[name]} == {"database-password"}
    assert len(after["database-password"]) == 32
    changed = {name for name, line in encrypted(initialised).items() if line != lines[name]}
    assert changed == {"database-password"}, "a reviewer sees which one"
    expected = ENVIRONMENT.replace("revision: 4 #", "revision: 5 #")
    assert (repo / "environments/staging.yaml").read_text() == expected
    assert "PostgreSQL and MLflow then restart" in output
    assert not [value for value in after.values() if value in output]


def test_set_adds_the_connection_string(gen, repo, initialised, plain):
    output = gen(
        "secrets", "set", "--env", "staging", "storage-connection-string", input=GOOD
    ).output
    assert plain()["storage-connection-string"] == GOOD
    assert GOOD not in output
    assert revision(repo) == 4, "no pod runs without it, so none needs a restart"
    gen("secrets", "check")


def test_set_leaves_out_the_line_break_that_echo_adds(gen, initialised, plain):
    output = gen(
        "secrets", "set", "--env", "staging", "admin-password", input="p" * 12 + "\n"
    ).output
    assert "the line break at its end was left out" in output
    assert plain()["admin-password"] == "p" * 12


def test_set_raises_the_revision_where_it_replaces(gen, repo, initialised):
    gen("secrets", "set", "--env", "staging", "admin-password", input="p" * 12)
    assert revision(repo) == 5


BAD = {
    "empty": ("admin-password", b"", "is empty"),
    "only a line break": ("admin-password", b"\n", "is empty"),
    "several lines": ("admin-password", b"p" * 12 + b"\n\n", "ends with a line break"),
    "not UTF-8": ("admin-password", b"passw\xf6rdpassword", "byte 6 is not UTF-8"),
    "not ASCII": ("admin-password", "passwörtchen".encode(), "character 6 is not a letter"),
    "space": ("admin-password", b"correct horse battery", "character 8 is not a letter"),
    "tab": ("admin-password", b"\tcorrect-horse", "character 1 is not a letter"),
    "short": ("admin-password", b"p" * 11, "has 11 characters; 12 or more are needed"),
    "short key": ("flask-secret-key", b"k" * 31, "has 31 characters; 32 or more are needed"),
    "blank key": (
        "storage-connection-string",
        CONNECTION.format(key="").encode(),
        "AccountKey blank or missing",
    ),
    "not a connection string": (
        "storage-connection-string",
        b"p" * 88,
        "AccountName and AccountKey blank or missing",
    ),
    "another account's": (
        "storage-connection-string",
        GOOD.replace("mlflowtest0", "somebody").encode(),
        "is of another storage account than apps.mlflow.artifacts.account, mlflowtest0aa3981a",
    ),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_bad_value_is_one_clear_line_and_nothing_is_written(gen, repo, initialised, mistake):
    name, value, message = BAD[mistake]
    before = tree(repo)
    output = gen("secrets", "set", "--env", "staging", name, input=value, exit_code=1).stderr
    *_, line = output.splitlines()
    assert f"secrets.sops.yaml: {name}: the new value {message}" in line
    assert line.endswith("nothing was written")
    assert len(value) < 8 or value.decode("latin1").strip() not in output
    assert tree(repo) == before


@pytest.mark.parametrize("command", ["set", "rotate"])
def test_an_unknown_name_is_a_usage_error_with_the_known_ones(gen, initialised, command):
    arguments = ("secrets", command, "--env", "staging", "admin-passwrod")
    output = gen(*arguments, input="p" * 20, exit_code=2).output
    assert "it needs admin-password, database-password, flask-secret-key" in output


def test_only_azure_rotates_its_key(gen, repo, initialised):
    before = tree(repo)
    arguments = ("secrets", "rotate", "--env", "staging", "storage-connection-string")
    assert "az storage account show-connection-string" in gen(*arguments, exit_code=1).output
    assert tree(repo) == before


@pytest.mark.parametrize("arguments", [["set", "admin-password"], ["rotate", "admin-password"]])
def test_before_init_the_answer_is_init(gen, repo, key, arguments):
    before = tree(repo)
    command, name = arguments
    output = gen("secrets", command, "--env", "staging", name, input="p" * 20, exit_code=1).output
    assert 'is not there; run "gen secrets init --env staging"' in output
    assert tree(repo) == before


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("command", ["set", "rotate"])
def test_an_interrupted_one_is_repeated(gen, repo, initialised, plain, monkeypatch, command, at):
    """The disk is full at the environment's file, and at the encrypted one after it."""
    arguments = ("secrets", command, "--env", "staging", "admin-password")
    before, written, real = plain(), [], files.replace

    def full(path, *rest, **options):
        if len(written) == at - 1:
            raise OSError(28, "No space left on device")
        written.append(path)
        real(path, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", full)
        gen(*arguments, input="p" * 20, exit_code=1)
    assert plain() == before, "the revision comes first: it may be raised in vain, never too late"
    interrupted = revision(repo)

    gen(*arguments, input="p" * 20)

    assert plain()["admin-password"] != before["admin-password"]
    assert revision(repo) == interrupted + 1
    assert not list(repo.rglob("*.gen-tmp"))


def test_with_a_key_vault_the_script_makes_the_new_value(gen, repo):
    text = ENVIRONMENT.replace("provider: sops", "provider: key-vault\n  key_vault: kv-test")
    write(repo, "environments/staging.yaml", text)

    output = gen("secrets", "rotate", "--env", "staging", "database-password").output

    script = "infra/staging/azure-resource-provisioning.sh"
    assert f"First: {script} rotate-secret database-password\nNext: commit and push." in output
    assert revision(repo) == 5


def test_the_prompt_shows_nothing_and_asks_twice(repo, initialised, plain):
    terminal, other_end = pty.openpty()
    command = [sys.executable, "-m", "generator", "-C", repo, "secrets", "set", "--env", "staging"]
    with subprocess.Popen(
        [*command, "admin-password"],
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        start_new_session=True,
    ) as process:
        os.close(other_end)
        shown = conversation(terminal, [b"correct-horse-battery\n"] * 2)
    os.close(terminal)
    assert process.returncode == 0, shown
    assert b"correct-horse" not in shown
    assert plain()["admin-password"] == "correct-horse-battery"


def conversation(terminal, answers):
    """Answer each prompt; return all that was shown.

    The space that ends a prompt comes when the terminal's echo is off, not before.
    """
    shown = b""
    try:
        while data := os.read(terminal, 1024):
            shown += data
            if shown.endswith(b": ") and answers:
                os.write(terminal, answers.pop())
                shown += b"\n"
    except OSError:  # how Linux says that the other side is closed
        pass
    return shown


def test_names_are_completed(repo):
    result = subprocess.run(
        [sys.executable, "-m", "generator"],
        env={
            **os.environ,
            "_GEN_COMPLETE": "bash_complete",
            "COMP_WORDS": "gen secrets rotate --env staging d",
            "COMP_CWORD": "5",
        },
        capture_output=True,
        text=True,
    )
    assert result.stdout == "plain,database-password\n"
