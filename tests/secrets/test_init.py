"""`gen secrets init`: a key, a rule, and every secret that is missing, encrypted."""

import json
import re
import shlex
import shutil
import stat
import subprocess

import pytest
import yaml

from generator import files
from generator.secrets import key as keys
from tests.secrets.conftest import ENVIRONMENT, FILE
from tests.trees import tree, write

GENERATED = {"admin-password": 32, "database-password": 32, "flask-secret-key": 64}
DEV = ENVIRONMENT.replace("test", "dev")


def test_makes_a_key_a_rule_and_encrypted_values(gen, repo, key, file, plain):
    gen("secrets", "init", "--env", "staging")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert {name: len(value) for name, value in plain().items()} == GENERATED
    document = yaml.safe_load(file.read_text())
    assert document["metadata"]["name"] == "mlflow-secrets"
    assert document["metadata"]["namespace"] == "mlflow"
    annotations = document["metadata"]["annotations"]
    assert annotations["kustomize.toolkit.fluxcd.io/substitute"] == "disabled"
    assert annotations["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
    assert all(value.startswith("ENC[AES256_GCM,") for value in document["data"].values())
    (rule,) = yaml.safe_load((repo / ".sops.yaml").read_text())["creation_rules"]
    assert re.search(rule["path_regex"], FILE)
    assert rule["age"] == [entry["recipient"] for entry in document["sops"]["age"]]


def test_no_value_is_printed(gen, plain, key):
    output = gen("secrets", "init", "--env", "staging").output
    assert str(key) in output
    assert "AGE-SECRET-KEY" not in output
    assert not [value for value in plain().values() if value in output]


def test_the_same_again_changes_nothing(gen, repo, initialised):
    before = tree(repo)
    output = gen("secrets", "init", "--env", "staging").output
    assert "0 secrets made" in output
    assert "update" not in output
    assert tree(repo) == before


def test_adds_what_the_environment_needs_since_then(gen, repo, initialised, plain, sops):
    before = plain()
    subprocess.run([sops, "unset", initialised, '["data"]["flask-secret-key"]'], check=True)

    assert "1 secrets made: flask-secret-key" in gen("secrets", "init", "--env", "staging").output

    after = plain()
    assert len(after.pop("flask-secret-key")) == 64
    before.pop("flask-secret-key")
    assert after == before


def test_names_the_command_for_what_only_azure_knows(gen, file):
    output = gen("secrets", "init", "--env", "staging").output
    (line,) = [line for line in output.splitlines() if "|" in line]
    left, right = (shlex.split(part) for part in line.split("|"))
    assert left[:4] == ["az", "storage", "account", "show-connection-string"]
    assert left[left.index("--name") + 1] == "mlflowtest0aa3981a"
    assert right == ["gen", "secrets", "set", "--env", "staging", "storage-connection-string"]


def test_leaves_out_the_connection_string_where_nothing_reads_it(gen, repo):
    text = ENVIRONMENT + "      access: workload-identity\n    image:\n"
    text += "      name: ghcr.io/mlflow/mlflow\n      tag: v3.16.1-full\n"
    write(repo, "environments/staging.yaml", text)
    assert "connection-string" not in gen("secrets", "init", "--env", "staging").output
    gen("secrets", "check")


def test_every_environment_has_a_rule_of_its_own(gen, repo, initialised, sops):
    write(repo, "environments/dev.yaml", DEV)
    before = initialised.read_bytes()

    gen("secrets", "init", "--env", "dev")

    assert initialised.read_bytes() == before
    first, second = yaml.safe_load((repo / ".sops.yaml").read_text())["creation_rules"]
    assert re.search(second["path_regex"], FILE.replace("staging", "dev"))
    assert not re.search(second["path_regex"], FILE)
    assert first["age"] == second["age"]


def test_people_encrypt_by_the_same_rules_with_the_stock_sops(gen, repo, initialised, sops):
    again = subprocess.check_output(
        [sops, "encrypt", "--filename-override", FILE],
        input=b"kind: Secret\ndata: {a: YQ==}\n",
        cwd=repo,
    )
    ours, theirs = (yaml.safe_load(text) for text in (initialised.read_text(), again))
    recipients = [[entry["recipient"] for entry in x["sops"]["age"]] for x in (ours, theirs)]
    assert recipients[0] == recipients[1]
    assert theirs["kind"] == "Secret"
    assert theirs["data"]["a"].startswith("ENC[")


@pytest.mark.parametrize("at", [1, 2])
def test_an_interrupted_one_is_repeated(gen, repo, key, plain, monkeypatch, at):
    """The disk is full at the first, and at the second file."""
    written = []
    real = files.replace

    def full(path, *arguments, **options):
        if len(written) == at - 1:
            raise OSError(28, "No space left on device")
        written.append(path)
        real(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", full)
        assert "No space left" in gen("secrets", "init", "--env", "staging", exit_code=1).output
    public = key.read_text()

    gen("secrets", "init", "--env", "staging")

    assert key.read_text() == public
    assert {name: len(value) for name, value in plain().items()} == GENERATED


def test_a_key_that_is_there_is_taken(gen, key, initialised, repo):
    public = keys.recipients(repo, key)
    key_before = key.read_bytes()
    initialised.unlink()
    (repo / ".sops.yaml").unlink()
    gen("secrets", "init", "--env", "staging")
    assert key.read_bytes() == key_before
    assert public[0] in (repo / ".sops.yaml").read_text()


def test_refuses_a_key_inside_the_repository(gen, repo, monkeypatch):
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(repo / "keys.txt"))
    before = tree(repo)
    output = gen("secrets", "init", "--env", "staging", exit_code=1).output
    assert output.startswith(f"{repo}/keys.txt: is inside the repository")
    assert tree(repo) == before


def test_refuses_to_encrypt_for_others_alone(gen, repo, key, initialised):
    """A colleague's repository: a rule is there, and our key is not in it."""
    initialised.unlink()
    key.unlink()
    output = gen("secrets", "init", "--env", "staging", exit_code=1).output
    assert output.startswith(f"{key}: holds no age key; these secrets are for age1")
    assert not key.exists(), "a new key would open nothing either"


def test_without_sops_it_says_where_to_get_it(gen, repo):
    shutil.rmtree(repo / "tools/sops")
    before = tree(repo)
    (line,) = gen("secrets", "init", "--env", "staging", exit_code=1).stderr.splitlines()
    assert line.startswith("tools/sops: has none of ")
    assert line.endswith("restore the folder from Git")
    assert tree(repo) == before


def test_of_a_key_vault_there_is_nothing_to_make(gen, repo):
    text = ENVIRONMENT.replace("provider: sops", "provider: key-vault\n  key_vault: kv-test")
    write(repo, "environments/staging.yaml", text)
    before = tree(repo)
    output = gen("secrets", "init", "--env", "staging", exit_code=1).output
    assert "environments/staging.yaml: secrets.provider: key-vault" in output
    assert "kv-test" in output
    assert tree(repo) == before


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"HOME": "/h"}, "linux", "/h/.config/sops/age/keys.txt"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Application Support/sops/age/keys.txt"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "linux", "/x/sops/age/keys.txt"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "darwin", "/x/sops/age/keys.txt"),
        ({"HOME": "/h", "SOPS_AGE_KEY_FILE": "/k"}, "linux", "/k"),
    ],
)
def test_the_key_is_where_sops_looks(environ, platform, expected):
    assert str(keys.path(environ, platform)) == expected


def test_sops_itself_looks_there_too(gen, initialised, sops, key, tmp_path):
    home = tmp_path / "other"
    default = keys.path({"HOME": str(home)}, "linux")
    default.parent.mkdir(parents=True)
    key.rename(default)
    command = [sops, "decrypt", "--output-type", "json", initialised]
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    assert json.loads(subprocess.check_output(command, env=environ))["kind"] == "Secret"
