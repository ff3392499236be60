"""`gen secrets recipients`: .sops.yaml and the encrypted file say the same, before and after."""

import re

import pyrage
import pytest

from tests.trees import tree

COLLEAGUE = pyrage.x25519.Identity.generate()
PUBLIC = str(COLLEAGUE.to_public())


@pytest.fixture
def colleague(tmp_path):
    """A key file of somebody else."""
    file = tmp_path / "colleague.txt"
    file.write_text(f"{COLLEAGUE}\n")
    file.chmod(0o600)
    return file


def recipients(text):
    return re.findall(r"(age1\w+)", text)


def test_one_more_key_opens_the_same_values(gen, repo, initialised, plain, colleague, monkeypatch):
    before = plain()

    gen("secrets", "recipients", "add", "--env", "staging", PUBLIC)

    assert recipients((repo / ".sops.yaml").read_text()) == recipients(initialised.read_text())
    assert plain() == before
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(colleague))
    assert plain() == before
    gen("secrets", "set", "--env", "staging", "admin-password", input="p" * 12)
    assert plain() == before | {"admin-password": "p" * 12}


def test_one_that_was_removed_opens_nothing_new(gen, repo, initialised, colleague, monkeypatch):
    gen("secrets", "recipients", "add", "--env", "staging", PUBLIC)
    output = gen("secrets", "recipients", "remove", "--env", "staging", PUBLIC).output
    assert "gen secrets rotate" in output
    assert PUBLIC not in initialised.read_text() + (repo / ".sops.yaml").read_text()
    gen("secrets", "rotate", "--env", "staging", "admin-password")
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(colleague))
    assert "does not" not in gen("secrets", "check", exit_code=1).output
    assert PUBLIC in gen("secrets", "check", exit_code=1).stderr


def test_the_same_again_changes_nothing(gen, repo, initialised):
    gen("secrets", "recipients", "add", "--env", "staging", PUBLIC)
    before = tree(repo)
    gen("secrets", "recipients", "add", "--env", "staging", PUBLIC)
    assert tree(repo) == before


def test_dates_and_comments_stay(gen, repo, initialised):
    rules = repo / ".sops.yaml"
    (mine,) = recipients(rules.read_text())
    rules.write_text(rules.read_text().replace(mine, f"{mine} # me").rstrip("\n"))
    dates = gen("secrets", "list").output

    gen("secrets", "recipients", "add", "--env", "staging", PUBLIC)
    assert f"      - {mine} # me\n      - {PUBLIC}\n" in rules.read_text()
    gen("secrets", "recipients", "remove", "--env", "staging", PUBLIC)

    assert f"      - {mine} # me\n" in rules.read_text()
    assert gen("secrets", "list").output == dates


def test_a_half_done_change_is_completed(gen, repo, initialised):
    """Only .sops.yaml was written: the file on disk still has the old recipients."""
    before = initialised.read_bytes()
    gen("secrets", "recipients", "add", "--env", "staging", PUBLIC)
    initialised.write_bytes(before)
    assert "cannot open it" in gen("secrets", "check", exit_code=1).output
    gen("secrets", "recipients", "add", "--env", "staging", PUBLIC)
    assert PUBLIC in initialised.read_text()


@pytest.mark.parametrize("mine", [True, False], ids=["ours", "nobody's"])
def test_refuses_what_would_lock_you_out(gen, repo, initialised, mine):
    (own,) = recipients((repo / ".sops.yaml").read_text())
    gen("secrets", "recipients", "add", "--env", "staging", PUBLIC)
    before = tree(repo)
    name = own if mine else str(pyrage.x25519.Identity.generate().to_public())
    output = gen("secrets", "recipients", "remove", "--env", "staging", name, exit_code=1).output
    assert ("would lock you out" if mine else "is no recipient") in output
    assert tree(repo) == before


def test_refuses_what_is_no_public_key(gen, initialised, key):
    private = key.read_text().splitlines()[-1]
    for text in ("age1nonsense", "ssh-ed25519 AAAA", private):
        output = gen("secrets", "recipients", "add", "--env", "staging", text, exit_code=2).output
        assert "is no public age key" in output
        assert private not in output
