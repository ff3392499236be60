"""`gen secrets check`: one clear line for whatever is wrong with a file, a key or a value."""

import re
import subprocess

import pyrage
import pytest

from tests.secrets.test_set_and_rotate import GOOD
from tests.trees import tree

WRITING = {
    "set": ("secrets", "set", "--env", "staging", "admin-password"),
    "rotate": ("secrets", "rotate", "--env", "staging", "admin-password"),
    "init": ("secrets", "init", "--env", "staging"),
}


@pytest.fixture
def complete(gen, initialised):
    """The encrypted file with every secret."""
    gen("secrets", "set", "--env", "staging", "storage-connection-string", input=GOOD)
    return initialised


def problems(gen, *arguments):
    return gen("secrets", "check", *arguments, exit_code=1).stderr.splitlines()


def test_a_complete_file_is_right(gen, complete):
    output = gen("secrets", "check").output
    assert output == "staging: 4 secrets: structure and values checked\n"


def test_without_a_key_it_says_what_it_did_not_check(gen, complete, key):
    key.unlink()
    output = gen("secrets", "check").output
    assert output == (
        f"staging: 4 secrets: structure only; no age key in {key} to see the values with checked\n"
    )


def test_an_environment_that_was_never_initialised_is_no_mistake(gen, repo):
    output = gen("secrets", "check").output
    assert output == "staging: not initialised: gen secrets init --env staging\n"


def test_a_missing_secret_comes_with_its_command(gen, initialised):
    (line,) = problems(gen)
    assert re.match(r"apps/\S+:\d+: data.storage-connection-string: is missing; run: az ", line)


def test_an_unused_secret_comes_with_its_command(gen, complete, put, sops, repo):
    put("old-password", b"p" * 12)
    (line, _) = gen("secrets", "check").output.splitlines()
    assert "old-password is not used any more" in line
    command = line.partition("to remove it: ")[2].replace("sops", str(sops), 1)
    subprocess.run(command, shell=True, check=True, cwd=repo)
    assert "not used" not in gen("secrets", "check").output


VALUES = {
    "empty": ("admin-password", b"", "is empty"),
    "tail": ("admin-password", b"correct-horse\n", "ends with a line break"),
    "short": ("database-password", b"p" * 11, "has 11 characters; 12 or more"),
    "latin-1": ("flask-secret-key", b"\xf6" * 40, "byte 1 is not UTF-8"),
    "blank": ("storage-connection-string", b"AccountName=;AccountKey=", "AccountName and AccountK"),
}


@pytest.mark.parametrize("mistake", VALUES)
def test_a_wrong_value_that_others_put_there(gen, complete, put, mistake):
    name, value, message = VALUES[mistake]
    put(name, value)
    lines = problems(gen)
    assert any(re.search(rf":\d+: data\.{name}: {message}", line) for line in lines), lines
    assert not [line for line in lines if value and value.decode("latin1") in line]


def test_all_wrong_values_are_named_at_once(gen, complete, put):
    put("admin-password", b"short")
    put("database-password", b"correct-horse\n")
    assert len(problems(gen)) == 2


def test_what_is_no_base64(gen, complete, sops):
    index = '["data"]["admin-password"]'
    subprocess.run([sops, "set", "--value-stdin", complete, index], input=b'"~"', check=True)
    (line,) = problems(gen)
    assert "data.admin-password: is not in base64" in line


def test_a_plain_value_is_counted_as_leaked(gen, complete, key):
    text = re.sub(r"(admin-password): ENC\S+", r"\1: c2VjcmV0c2VjcmV0", complete.read_text())
    complete.write_text(text)
    key.unlink()
    (line,) = problems(gen)
    assert "data.admin-password: is not encrypted; count it as leaked" in line


@pytest.mark.parametrize("field", ["kind: Secret", "namespace: mlflow", "substitute: disabled"])
def test_what_flux_would_not_mount_or_would_rewrite(gen, complete, key, field):
    name, _, value = field.partition(": ")
    complete.write_text(complete.read_text().replace(field, f"{name}: other"))
    key.unlink()
    (line,) = problems(gen)
    assert line.endswith(f"{name}: must be {value}")


def test_recipients_that_are_not_those_of_the_rules(gen, repo, complete):
    other = str(pyrage.x25519.Identity.generate().to_public())
    rules = repo / ".sops.yaml"
    (mine,) = re.findall(r"age1\w+", rules.read_text())
    rules.write_text(rules.read_text().replace(mine, other))
    first, second = problems(gen)
    assert {mine, other} == set(re.findall(r"age1\w+", first + second))
    assert "but is not in .sops.yaml" in first + second
    assert "but cannot open it" in first + second


def merged(text):
    return text.replace("\ndata:", "\n<<<<<<< ours\ndata:\n=======\ndata:\n>>>>>>> theirs")


FILES = {
    "merge conflict": (merged, r":1\d: an unresolved merge conflict; take one side whole"),
    "no sops block": (
        lambda text: text[: text.index("\nsops:") + 1],
        ": is cut short: no sops block at its end; restore it from Git$",
    ),
    "no sops block, in part plain": (
        lambda text: re.sub(r"(admin-\S+): ENC\S+", r"\1: eA==", text[: text.index("\nsops:")]),
        ": is not encrypted, or is cut",
    ),
    "no mac": (lambda text: re.sub(r"\n    mac:.*", "", text), ": is cut short"),
    "half a mac": (
        lambda text: re.sub(r"(mac: ENC.AES256_GCM,data:.{20}).*", r"\1", text),
        ": is cut short",
    ),
    "no recipients": (lambda text: text.replace("recipient:", "nobody:"), ": is cut short"),
    "cut in a line": (lambda text: text[: text.index("recipient:") + 4], ": is cut short"),
    "one word": (lambda text: "secret", ": is empty or no mapping"),
    "no byte": (lambda text: "", ": is empty or no mapping; restore it from Git"),
    "a changed date": (lambda text: text.replace('"20', '"19', 1), ": its MAC does not fit"),
    "a moved value": (
        lambda text: re.sub(
            r"(admin-\S+): (ENC\S+)(\s+database-\S+): ENC\S+", r"\1: \2\3: \2", text
        ),
        ": its MAC does not fit",
    ),
}


@pytest.mark.parametrize("mistake", FILES)
def test_a_damaged_file_is_one_clear_line(gen, complete, repo, mistake):
    damage, message = FILES[mistake]
    before = complete.read_text()
    complete.write_text(damage(before))
    assert complete.read_text() != before
    (line,) = problems(gen)
    assert re.match(rf"apps/mlflow/overlays/staging/data/secrets.sops.yaml{message}", line), line


@pytest.mark.parametrize("command", WRITING)
@pytest.mark.parametrize("mistake", ["merge conflict", "no mac", "no byte", "a changed date"])
def test_nothing_is_written_over_a_damaged_file(gen, complete, repo, sops, mistake, command):
    subprocess.run([sops, "unset", complete, '["data"]["flask-secret-key"]'], check=True)
    complete.write_text(FILES[mistake][0](complete.read_text()))
    before = tree(repo)
    output = gen(*WRITING[command], input="p" * 20, exit_code=1).output
    assert len(output.splitlines()) == 1
    assert tree(repo) == before


def test_no_key_is_made_for_a_damaged_file(gen, repo, complete, key):
    key.unlink()
    (repo / ".sops.yaml").unlink()
    complete.write_text("")
    (line,) = gen(*WRITING["init"], exit_code=1).output.splitlines()
    assert line.endswith(": is empty or no mapping; restore it from Git")
    assert not key.exists()


def test_not_utf_8(gen, complete):
    complete.write_bytes(b"\xff" + complete.read_bytes())
    (line,) = problems(gen)
    assert line.endswith("secrets.sops.yaml: byte 1 is not UTF-8; restore it from Git")


@pytest.mark.parametrize("at", range(0, 100, 7))
def test_cut_anywhere_it_is_noticed_without_a_key(gen, complete, key, at):
    data = complete.read_bytes()
    key.unlink()
    complete.write_bytes(data[: len(data) * at // 100])
    assert problems(gen)


def other_key(key):
    key.write_text(f"{pyrage.x25519.Identity.generate()}\n")


def short_key(key):
    key.write_text(key.read_text()[:-20])


KEYS = {
    "wrong": (other_key, ": holds the key of age1.*; these secrets are for age1"),
    "readable by others": (
        lambda key: key.chmod(0o640),
        ": others can read this key; run: chmod 6",
    ),
    "cut short": (short_key, ":2: is cut short or mistyped: no age key"),
    "without a key": (lambda key: key.write_text("# nothing\n"), ": holds no age key"),
    "not UTF-8": (lambda key: key.write_bytes(b"\xff"), ": is no age key file: not UTF-8 text"),
    "a folder": (lambda key: key.unlink() or key.mkdir(), ": Is a directory"),
}


@pytest.mark.parametrize("mistake", KEYS)
@pytest.mark.parametrize("command", ["check", *WRITING])
def test_a_key_that_cannot_be_used_is_one_clear_line(
    gen, repo, complete, key, sops, mistake, command
):
    subprocess.run([sops, "unset", complete, '["data"]["flask-secret-key"]'], check=True)
    damage, message = KEYS[mistake]
    damage(key)
    before, secret = tree(repo), "AGE-SECRET-KEY"
    arguments = WRITING.get(command, ("secrets", "check"))
    result = gen(*arguments, input="p" * 20, exit_code=1)
    assert re.search(rf"^{key}{message}", result.stderr, re.MULTILINE), result.stderr
    assert secret not in result.output.replace("starts with AGE-SECRET-KEY-", "")
    assert tree(repo) == before


@pytest.mark.parametrize("command", ["set", "rotate"])
def test_no_key_no_change(gen, repo, complete, key, command):
    key.unlink()
    before = tree(repo)
    (line,) = gen(*WRITING[command], input="p" * 20, exit_code=1).stderr.splitlines()
    assert line.startswith(f"{key}: holds no age key; these secrets are for age1")
    assert tree(repo) == before
    assert not key.exists()
