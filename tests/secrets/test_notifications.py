"""What Flux tells people with: an encrypted file of its own each, or handed over to the cluster."""

import re
import shutil

import pytest

from tests.secrets.conftest import ENVIRONMENT
from tests.trees import ROOT, tree, write

TOKEN = "ghp_" + "t" * 36
WEBHOOK = "https://chat.example.com/hooks/" + "w" * 20
FOLDER = "apps/mlflow/overlays/staging/notifications"
SET = ("secrets", "set", "--env", "staging")
BOTH = ENVIRONMENT.replace(
    "apps:\n", "notifications:\n  commit_status: github\n  chat: slack\napps:\n"
)


@pytest.fixture
def telling(repo, gen, initialised):
    """An environment that was initialised and then got notifications."""
    write(repo, "environments/staging.yaml", BOTH)
    gen("render")
    return repo


def test_each_becomes_the_secret_that_its_provider_reads(gen, telling, plain, sops):
    output = gen(*SET, "commit-status-token", input=TOKEN).output
    gen(*SET, "chat-webhook", input=WEBHOOK)

    assert "Next: commit and push." in output
    assert "restart" not in output
    assert TOKEN not in output
    for name, key, value in (("commit-status", "token", TOKEN), ("chat", "address", WEBHOOK)):
        file = telling / FOLDER / f"{name}.sops.yaml"
        assert f"  name: {name}\n    namespace: flux-system\n" in file.read_text()
        assert value not in file.read_text()
        assert plain(file) == {key: value}
        assert f"- {name}.sops.yaml\n" in (telling / FOLDER / "kustomization.yaml").read_text()


def test_no_pod_restarts_for_a_new_one(gen, telling):
    gen(*SET, "commit-status-token", input=TOKEN)
    before = (telling / "environments/staging.yaml").read_text()
    gen(*SET, "commit-status-token", input=TOKEN[::-1])
    assert (telling / "environments/staging.yaml").read_text() == before


def test_init_says_what_people_are_to_bring(gen, telling):
    output = gen("secrets", "init", "--env", "staging").output
    assert "0 secrets made\n" in output
    assert "commit-status-token needs a token that may set the status of commits" in output
    assert "\n  gen secrets set --env staging chat-webhook\n" in output


def test_check_and_list_know_them(gen, telling):
    missing = gen("secrets", "check", exit_code=1).stderr
    assert missing.count("is missing; run: gen secrets set --env staging") == 2
    gen(*SET, "chat-webhook", input=WEBHOOK)
    assert re.search(r"chat-webhook +20\S+Z +flux ", gen("secrets", "list").output)
    assert re.search(r"commit-status-token +missing +flux ", gen("secrets", "list").output)
    assert "chat-webhook" not in gen("secrets", "check", exit_code=1).stderr


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("commit-status-token", "short", "has 5 characters; 20 or more are needed"),
        ("chat-webhook", "http://chat.example.com/hook", "is no https:// address"),
    ],
)
def test_a_wrong_value_is_refused(gen, telling, name, value, message):
    before = tree(telling)
    (line,) = gen(*SET, name, input=value, exit_code=1).stderr.splitlines()
    assert f"{name}: the new value {message}; nothing was written" in line
    assert tree(telling) == before


def test_nobody_can_make_one_at_random(gen, telling):
    line = gen("secrets", "rotate", "--env", "staging", "chat-webhook", exit_code=1).stderr
    assert "needs the address that the chat made" in line


def test_recipients_change_in_every_file(gen, telling, key):
    import pyrage

    gen(*SET, "commit-status-token", input=TOKEN)
    other = str(pyrage.x25519.Identity.generate().to_public())
    gen("secrets", "recipients", "add", "--env", "staging", other)
    files = sorted(telling.glob("apps/mlflow/overlays/staging/*/*.sops.yaml"))
    assert len(files) == 2
    assert all(f"recipient: {other}\n" in file.read_text() for file in files)
    assert (telling / ".sops.yaml").read_text().count(other) == 2


def test_with_a_vault_the_provisioning_script_hands_them_over(gen, repo):
    text = BOTH.replace("provider: sops", "provider: key-vault\n  key_vault: kv-test")
    write(repo, "environments/staging.yaml", text)
    line = gen(*SET, "chat-webhook", input=WEBHOOK, exit_code=1).stderr
    assert (
        '"CHAT_WEBHOOK_FILE=PATH infra/staging/azure-resource-provisioning.sh apply" hands' in line
    )
    assert re.search(r"chat-webhook +handed to Flux", gen("secrets", "list").output)


def test_validate_asks_for_what_is_missing_and_takes_what_is_there(gen, telling):
    for folder in (
        "apps/mlflow/base",
        "apps/mlflow/components",
        "infra/facts",
        "infra/lib",
        "tools",
    ):
        shutil.copytree(ROOT / folder, telling / folder, dirs_exist_ok=True)
    tls = "    exposure:\n      tls: {host: mlflow.example.com}\n"
    write(telling, "environments/staging.yaml", BOTH.replace("    exposure:\n", tls))
    gen(*SET, "commit-status-token", input=TOKEN)
    gen(*SET, "storage-connection-string", input="AccountName=mlflowtest0aa3981a;AccountKey=bQ==")
    result = gen("validate")
    assert f"{FOLDER}/chat.sops.yaml: chat-webhook: Flux waits for it: gen" in result.stderr
    assert "tls-certificate: MLflow's pods wait for it: gen" in result.stderr
    assert "commit-status-token" not in result.stderr
