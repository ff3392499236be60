"""`gen client`: three settings for each provider, exposure and shell; the password as a command."""

import base64
import os
import shlex
import shutil
import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import environment, programs
from generator.client import settings, shells
from generator.client.settings import Settings, Value
from tests.client.test_check import SEARCH, serving
from tests.trees import MINIMAL, ROOT, write

VAULT = MINIMAL.replace("provider: sops", "provider: key-vault\n  key_vault: kv-mlflow-test")
NAMED = VAULT.replace("    artifacts:", "      dns_label: mlflow-test\n    artifacts:")
AZ = (
    "az keyvault secret show --subscription 00000000-0000-0000-0000-000000000000 "
    "--vault-name kv-mlflow-test --name admin-password --query value --output tsv"
)
SOPS = (
    """sops decrypt --extract "['data']['admin-password']" """
    "apps/mlflow/overlays/test/data/secrets.sops.yaml"
)
KUBECTL = (
    "kubectl --namespace mlflow get service mlflow "
    '--output "jsonpath={.status.loadBalancer.ingress[0].ip}"'
)
ADDRESS = "http://mlflow-test.centralindia.cloudapp.azure.com"


@pytest.mark.parametrize(
    ("values", "shell", "uri", "username", "password"),
    [
        (
            NAMED,
            "bash",
            f"export MLFLOW_TRACKING_URI={ADDRESS}",
            "export MLFLOW_TRACKING_USERNAME=admin",
            f'export MLFLOW_TRACKING_PASSWORD="$({AZ})"',
        ),
        (
            MINIMAL,
            "bash",
            f'export MLFLOW_TRACKING_URI=http://"$({KUBECTL})"',
            "export MLFLOW_TRACKING_USERNAME=admin",
            f'export MLFLOW_TRACKING_PASSWORD="$({SOPS} | base64 --decode)"',
        ),
        (
            NAMED,
            "fish",
            f"set -gx MLFLOW_TRACKING_URI {ADDRESS}",
            "set -gx MLFLOW_TRACKING_USERNAME admin",
            f"set -gx MLFLOW_TRACKING_PASSWORD ({AZ} | string collect)",
        ),
        (
            MINIMAL,
            "fish",
            f"set -gx MLFLOW_TRACKING_URI http://({KUBECTL} | string collect)",
            "set -gx MLFLOW_TRACKING_USERNAME admin",
            f"set -gx MLFLOW_TRACKING_PASSWORD ({SOPS} | base64 --decode | string collect)",
        ),
        (
            NAMED,
            "powershell",
            f'$Env:MLFLOW_TRACKING_URI = "{ADDRESS}"',
            '$Env:MLFLOW_TRACKING_USERNAME = "admin"',
            f"$Env:MLFLOW_TRACKING_PASSWORD = ({AZ})",
        ),
        (
            MINIMAL,
            "powershell",
            f'$Env:MLFLOW_TRACKING_URI = "http://" + ({KUBECTL})',
            '$Env:MLFLOW_TRACKING_USERNAME = "admin"',
            "$Env:MLFLOW_TRACKING_PASSWORD = [Text.Encoding]::UTF8.GetString("
            f"[Convert]::FromBase64String(({SOPS})))",
        ),
        (
            NAMED,
            "dotenv",
            f"MLFLOW_TRACKING_URI={ADDRESS}",
            "MLFLOW_TRACKING_USERNAME=admin",
            f"# printf 'MLFLOW_TRACKING_PASSWORD=%s\\n' \"$({AZ})\" >>.env",
        ),
    ],
    ids=lambda value: value if value in shells.SHELLS else "",
)
def test_is_printed(gen, repo, values, shell, uri, username, password):
    write(repo, "environments/test.yaml", values)
    printed = gen("client", "--env", "test", "--shell", shell).output
    assert printed.splitlines() == [uri, username, password]


def test_bash_makes_of_it_what_sops_keeps(gen, repo, tmp_path, monkeypatch):
    """From the encrypted file in Git to the variable, by what was printed and nothing else."""
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(tmp_path / "home/keys.txt"))
    shutil.copytree(ROOT / "tools/sops", repo / "tools/sops")
    write(
        repo,
        "environments/test.yaml",
        MINIMAL.replace("    artifacts:", "      kind: internal\n    artifacts:"),
    )
    gen("secrets", "init", "--env", "test")
    sops = programs.find(ROOT, "sops", say=print)
    gen("secrets", "set", "--env", "test", "admin-password", input="S3cret-with-$HOME-'quotes'")

    printed = gen("client", "--env", "test").output
    line = next(line for line in printed.splitlines() if "PASSWORD" in line)
    path = f"{sops.parent}{os.pathsep}{os.environ['PATH']}"
    script = f'{line}\nprintf %s "$MLFLOW_TRACKING_PASSWORD"'
    said = subprocess.check_output(
        ["bash", "-c", script], cwd=repo, env={**os.environ, "PATH": path}, text=True
    )
    assert said == "S3cret-with-$HOME-'quotes'"
    assert said not in printed


PASSWORD = "S3cret-with-$HOME-'quotes' \"two\" and * \\ é"
ANSWERS = {
    AZ: PASSWORD,
    SOPS: base64.b64encode(PASSWORD.encode()).decode(),
    KUBECTL: "203.0.113.7",
}
EVALUATES = {"bash": 'eval "$(cat)"; env -0', "fish": "source -; env -0"}


@pytest.fixture
def programs_on_path(tmp_path):
    """A folder with az, sops and kubectl that answer to the words of ANSWERS and to no others."""
    folder = tmp_path / "programs"
    for command, answer in ANSWERS.items():
        name, *words = shlex.split(command)
        text = f"import sys\nassert sys.argv[1:] == {words!r}, sys.argv\nprint({answer!r})\n"
        write(folder, name, f"#!{sys.executable}\n{text}").chmod(0o755)
    return folder


@pytest.mark.parametrize("shell", EVALUATES)
@pytest.mark.parametrize("values", [VAULT, MINIMAL], ids=["key-vault", "sops"])
def test_a_shell_makes_the_three_settings_of_it(
    gen, repo, tmp_path, programs_on_path, values, shell
):
    write(repo, "environments/test.yaml", values)
    printed = gen("client", "--env", "test", "--shell", shell).output
    said = subprocess.check_output(
        [shell, "-c", EVALUATES[shell]],
        input=printed.encode(),
        env={"PATH": f"{programs_on_path}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)},
    )
    variables = dict(entry.split("=", 1) for entry in said.decode().split("\0") if entry)
    assert {name: text for name, text in variables.items() if name.startswith("MLFLOW_")} == {
        "MLFLOW_TRACKING_URI": "http://203.0.113.7",
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_TRACKING_PASSWORD": PASSWORD,
    }


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"$`\\!')))
def test_a_quoted_word_is_one_word_of_bash(word):
    script = f"printf %s {shells.quoted(word) if word else ''}"
    assert subprocess.check_output(["bash", "-c", script], text=True) == word


@pytest.mark.parametrize("word", ['"', "$HOME", "`id`", "a\\b", "a!b", "two\nlines"])
def test_what_shells_read_differently_is_refused(word):
    with pytest.raises(ValueError, match="cannot be quoted alike in every shell"):
        shells.bash(Settings(Value(word)))


@pytest.mark.parametrize(
    ("values", "variables", "missing"),
    [
        (NAMED, {}, "MLFLOW_TRACKING_PASSWORD"),
        (MINIMAL, {"MLFLOW_TRACKING_PASSWORD": "some password"}, "MLFLOW_TRACKING_URI"),
    ],
)
def test_check_says_what_is_not_set(gen, repo, monkeypatch, values, variables, missing):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    write(repo, "environments/test.yaml", values)
    said = gen("client", "--env", "test", "--check", exit_code=1).output
    cure = 'eval "$(gen client --env test)"'
    assert said == f"environments/test.yaml: {missing} is not set; run: {cure}\n"


def test_a_timeout_leads_to_the_allowed_networks(gen, repo, monkeypatch):
    write(repo, "environments/test.yaml", MINIMAL)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{host}/")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "some password")
        monkeypatch.setenv("no_proxy", "*")
        said = gen("client", "--env", "test", "--check", exit_code=1).output
    assert said == (
        f"environments/test.yaml: timeout: {host} gives no answer in 10 s; "
        "is your network in allowed_networks, 203.0.113.0/24?\n"
    )


FURTHER = NAMED.replace(
    "    artifacts:", '      hosts: [localhost, "[2001:db8::5]"]\n    artifacts:'
)


def test_check_asks_at_the_further_name_that_one_uses(gen, repo, monkeypatch):
    write(repo, "environments/test.yaml", FURTHER)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "some password")
    monkeypatch.setenv("no_proxy", "*")
    with serving({"/health": (200, b"OK"), SEARCH: (200, b"{}")}) as (url, _):
        url = url.replace("localhost", "LocalHost")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{url}/")
        said = gen("client", "--env", "test", "--check").output
    assert said == f"{url} is healthy, and admin may log in\n"
    assert f"URI={ADDRESS}\n" in gen("client", "--env", "test").output, "and gives the first"


@pytest.mark.parametrize(
    ("url", "leads"),
    {
        "http://localhost.:5000/": True,
        "https://[2001:DB8:0::5]:8443": True,
        "http://elsewhere.example": False,
        ADDRESS: False,
        "http://user@localhost": False,
        "localhost": False,
        "http://[2001:db8::5": False,
        "": False,
    }.items(),
)
def test_a_further_name_is_known_in_every_spelling(url, leads):
    env = environment.check("test", environment.parse("test", FURTHER))
    assert settings.leads_to(env, url) is leads
