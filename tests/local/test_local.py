"""`gen local`: SQLite, no passwords; two at once, stopped, started again, broken."""

import json
import re
import signal
import urllib.request

import pytest
from click.testing import CliRunner

from generator.cli import gen as command
from tests.local.conftest import repository
from tests.local.servers import Local, gone, processes
from tests.trees import ROOT

pytestmark = pytest.mark.timeout(600)

REST = "api/2.0/mlflow"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def repo(tmp_path):
    return repository(tmp_path)


@pytest.fixture
def begin(repo):
    """Begin a server in the repository, as often as called. A failed test leaves none behind."""
    begun = []

    def begin() -> Local:
        begun.append(Local(repo).begin())
        return begun[-1]

    yield begin
    for server in begun:
        with server.process as process:
            process.kill()
    gone(repo)


def names(server: Local) -> set[str]:
    with _OPENER.open(f"{server.url}/{REST}/experiments/search?max_results=10") as answer:
        return {entry["name"] for entry in json.load(answer)["experiments"]}


def create(server: Local, name: str) -> None:
    request = urllib.request.Request(f"{server.url}/{REST}/experiments/create")
    request.data = json.dumps({"name": name}).encode()
    request.add_header("Content-Type", "application/json")
    _OPENER.open(request).close()


def workers(server: Local) -> int:
    """Count the processes of gunicorn, but for the first, which only starts the others."""
    address = f" -b {server.url.removeprefix('http://')} "
    return len([c for c in processes(server.repo).values() if address in c]) - 1


# Loads what the example registered, and reads what it kept beside it.
LOOK = """
import sys, mlflow
from sklearn.datasets import load_iris
run, version = sys.argv[1:]
model = mlflow.sklearn.load_model(f"models:/example-iris/{version}")
print(model.score(*load_iris(return_X_y=True)) > 0.9)
print(mlflow.artifacts.load_text(f"runs:/{run}/data/about.txt"), end="")
"""


def test_two_at_once_then_one_again(repo, begin, as_client_of):
    first, second = begin(), begin()
    servers = [first.ready(), second.ready()]
    assert first.url != second.url
    assert first.folder != second.folder
    for server in servers:
        assert server.variables == {"MLFLOW_TRACKING_URI": server.url}
        create(server, server.folder.name)
        assert names(server) == {"Default", server.folder.name}
        assert workers(server) == 2
    (simple,) = (server for server in servers if server.folder.name == "sqlite")  # who was faster
    said = as_client_of(simple, ROOT / "examples/track.py")
    logged = re.search(r"run (\w{32}), example-iris version (\d+)\n", said).groups()

    assert second.end(signal.SIGTERM, alone=False) == 0
    assert first.end(signal.SIGINT) == 0
    assert first.output.endswith("\nstopped; the data stays in .local/\n")
    assert {path.name for path in (repo / ".local").iterdir()} == {
        ".gitignore",
        "sqlite",
        "sqlite-2",
    }

    again = begin().ready()
    assert names(again) == {"Default", "sqlite", "example"}
    said = as_client_of(again, "-c", LOOK, *logged)
    assert said.endswith("True\nrows = flowers, columns = centimetres\n")
    assert again.end(signal.SIGHUP) == 0


def test_a_file_where_the_data_belongs_is_named(tmp_path):
    (tmp_path / ".local").touch()
    result = CliRunner().invoke(command, ["-C", str(tmp_path), "local"])
    assert result.exit_code == 1
    assert result.output.startswith(".local: could not be written: ")
    assert len(result.output.splitlines()) == 1


def test_a_crash_at_the_start_is_told_in_words(repo, begin):
    database = repo / ".local/sqlite/mlflow.db"
    database.parent.mkdir(parents=True)
    database.write_text("this is no database\n" * 100)
    server = begin()
    said = server.process.communicate()[0]
    gone(repo)
    assert server.process.returncode == 1
    assert "\n.local: mlflow ended with 1: \n" in said
    assert "file is not a database" in said
    assert said.rstrip().endswith(
        "(all of it: {})".format(database.parent.parent / "sqlite/logs/mlflow.log")
    )
