"""make cluster: it follows commits, leaves nothing, and says what cannot be as in the cloud."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generator import environment
from generator.environment import Environment
from tests.cluster import command, delivery
from tests.cluster.rig import CannotRun, repository
from tests.cluster.rig.timeline import Timeline
from tests.cluster.test_circumstances import is_clean
from tests.trees import MINIMAL

CLOUDY = (
    "secrets.provider=key-vault",
    "secrets.key_vault=kv-mlflow-dev-0aa3981a",
    "apps.mlflow.exposure.tls.host=mlflow.example.com",
    "notifications.commit_status=github",
    "notifications.chat=slack",
)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A clone of this work tree, as it is."""
    delivery.lay(tmp_path)
    repository.git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def commit(work: Path) -> None:
    repository.git(work, "add", "--all")
    repository.git(work, "commit", "--quiet", "--message=As it is")


def test_it_follows_commits_until_it_is_ended(work: Path, timeline: Timeline) -> None:
    with brought_up(work) as run:
        heard(run, "It follows the commits of this work tree.")
        timeline.mark("up, and MLflow answers")
        gen(work, "set", "--env=dev", "apps.mlflow.workers=3")
        commit(work)
        heard(run, "pushed")
        heard(run, "ready after")
        timeline.mark("a commit is delivered")

        said = finished(running(work, "status"))
        assert all(f"/{name} " in said for name in ("mlflow-data", "mlflow-server", "postgresql-0"))
        assert finished(running(work, "down")) == ""
        rest, _ = run.communicate()
        assert rest == "the cluster is gone\n"
        assert run.returncode == 0
    assert is_clean(command.NUMBER)


def test_what_cannot_be_as_in_the_cloud_is_another_value(work: Path) -> None:
    gen(work, "set", "--env=dev", *CLOUDY)
    (env,) = environment.load(work, ["dev"])
    changes = command._changes(env, "192.0.2.1")

    gen(work, "set", "--env=dev", *changes)

    (here,) = environment.load(work, ["dev"])
    assert command._changes(here, "192.0.2.1") == []
    assert here.secrets.provider == "sops"
    assert not here.apps.mlflow.exposure.tls
    gen(work, "set", "--env=dev", "apps.mlflow.delivery=helm")
    (charted,) = environment.load(work, ["dev"])
    assert command._changes(charted, "192.0.2.1") == ["apps.mlflow.delivery=kustomize"]


@pytest.mark.parametrize("tag", ["2.22.0", "3.16.0"])
def test_images_that_are_made_here(tag: str) -> None:
    assert [image.name for image in command._images(of(f"{{tag: {tag}}}"))][1:] == [
        f"burakince/mlflow:{tag}"
    ]


def test_another_image_is_refused_before_anything_starts() -> None:
    with pytest.raises(CannotRun, match=r"^environments/dev.yaml: apps.mlflow.image: .* is not"):
        command._images(of("{name: ghcr.io/mlflow/mlflow, tag: v3.16.1-full}"))


@pytest.mark.parametrize("words", [["up", "nowhere"], ["status"], ["down"]], ids=" ".join)
def test_what_keeps_it_from_running_is_one_line(work: Path, words: list[str]) -> None:
    run = running(work, *words)
    said, wrong = run.communicate()
    assert run.returncode == 1
    assert said == ""
    (line,) = wrong.splitlines()
    assert line.startswith("make cluster: ")


def of(image: str) -> Environment:
    """The smallest environment with another image."""
    text = MINIMAL.replace("  mlflow:\n", f"  mlflow:\n    image: {image}\n")
    return environment.check("dev", environment.parse("dev", text))


def gen(work: Path, *words: str) -> None:
    program = [sys.executable, "-m", "generator", *words]
    subprocess.run(program, cwd=work, check=True, capture_output=True)


@contextmanager
def brought_up(work: Path) -> Iterator["subprocess.Popen[str]"]:
    """The command that holds the cluster; whatever happens it is ended."""
    with running(work, "up", "dev") as run:
        try:
            yield run
        finally:
            run.terminate()


def running(work: Path, *words: str) -> "subprocess.Popen[str]":
    """The command, run in that work tree."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cluster.command", *words],
        cwd=work,
        env={**os.environ, "PYTHONPATH": "."},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(run: "subprocess.Popen[str]") -> str:
    said, wrong = run.communicate()
    assert run.returncode == 0, wrong
    return said


def heard(run: "subprocess.Popen[str]", words: str) -> None:
    """Wait for a line."""
    assert run.stdout
    said = []
    for line in run.stdout:
        said.append(line)
        if words in line:
            return
    pytest.fail("".join(said))
