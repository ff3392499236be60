"""A repository with an environment that keeps its secrets with sops, and a home for the key."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator import programs
from generator.cli import gen as command
from tests.trees import MINIMAL, ROOT, write

ENVIRONMENT = MINIMAL.replace(
    "provider: sops", "provider: sops # ours\n  revision: 4 # once raised"
)
FILE = "apps/mlflow/overlays/staging/data/secrets.sops.yaml"


def prepare(repo: Path) -> None:
    write(repo, "environments/staging.yaml", ENVIRONMENT)
    shutil.copytree(ROOT / "tools/sops", repo / "tools/sops")


@pytest.fixture
def repo(repo):
    prepare(repo)
    return repo


@pytest.fixture(autouse=True)
def key(tmp_path, monkeypatch) -> Path:
    """Where the user's age key is, or will be."""
    file = tmp_path / "home/sops/age/keys.txt"
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(file))
    return file


@pytest.fixture
def file(repo) -> Path:
    """The encrypted file of staging."""
    return repo / FILE


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """What `gen secrets init` makes: a repository and a key, for tests to copy."""
    folder = tmp_path_factory.mktemp("made")
    prepare(folder / "repo")
    arguments = ["-C", str(folder / "repo"), "secrets", "init", "--env", "staging"]
    result = CliRunner().invoke(command, arguments, env={"SOPS_AGE_KEY_FILE": f"{folder}/keys.txt"})
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def initialised(made, repo, key, file) -> Path:
    """The encrypted file, made."""
    shutil.copytree(made / "repo", repo, dirs_exist_ok=True)
    key.parent.mkdir(parents=True)
    shutil.copy(made / "keys.txt", key)
    return file


@pytest.fixture(scope="session")
def sops() -> Path:
    """The sops program, as people have it."""
    return programs.find(ROOT, "sops", say=print)


@pytest.fixture
def plain(sops, file, key):
    """What the stock sops says stands in the encrypted file."""

    def decrypt(path: Path = file) -> dict[str, str]:
        command = [sops, "decrypt", "--output-type", "json", path]
        document = json.loads(subprocess.check_output(command))
        return {name: base64.b64decode(text).decode() for name, text in document["data"].items()}

    return decrypt


@pytest.fixture
def put(sops, file):
    """Write bytes into the encrypted file as somebody does who does not use gen."""

    def put(name: str, value: bytes) -> None:
        text = json.dumps(base64.b64encode(value).decode())
        command = [sops, "set", "--value-stdin", file, f'["data"]["{name}"]']
        subprocess.run(command, input=text.encode(), check=True)

    return put
