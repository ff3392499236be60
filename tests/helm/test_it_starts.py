"""What a chart makes of a release runs: its own command, with our files, as processes."""

import time

import pytest

from tests.manifests import cases, serving
from tests.manifests.pods import PATIENCE, Cluster
from tests.manifests.serving import LOG, READ, SECRETS, as_admin
from tests.manifests.test_it_starts import UPLOAD, VERSIONS

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def cluster(request, tmp_path):
    objects = cases.released("prod", request.param).objects
    with Cluster(tmp_path, objects, SECRETS).network() as cluster:
        yield cluster


in_each_version = pytest.mark.parametrize("cluster", VERSIONS, indirect=True)


@in_each_version
def test_a_run_outlives_a_restart_with_other_passwords(cluster, tmp_path):
    """The release's own copies are of neither time: the files count, at every start."""
    serving.storage(cluster, tmp_path / "azurite")
    postgresql, mlflow = cluster.postgresql().start(), cluster.mlflow().start()
    run = cluster.answer(LOG, **as_admin())
    assert cluster.answer(READ, run, **as_admin()) == "3 0.9 a plot"
    assert mlflow.get("/version") == 401

    cluster.secrets |= {"database-password": "another's 12 %", "admin-password": "%% and / more"}
    assert mlflow.stop() < 30
    postgresql.stop()
    cluster.postgresql("postgresql-0-again").start()
    mlflow = cluster.mlflow("mlflow-2").start()
    old, new = as_admin(), as_admin(cluster.secrets["admin-password"])
    assert cluster.answer(READ, run, **new) == "3 0.9 a plot"
    assert [mlflow.get("/version", *login.values()) for login in (old, new)] == [401, 200]


@in_each_version
def test_slow_uploads_are_not_cut_when_the_pod_ends(cluster, tmp_path):
    serving.storage(cluster, tmp_path / "azurite")
    cluster.postgresql().start()
    mlflow = cluster.mlflow().start()
    upload = cluster.python(UPLOAD, *as_admin().values(), "4")
    assert upload.stdout.readline() == "half\n"

    assert {mlflow.get("/health") for _ in range(5)} == {200}
    mlflow.terminate()
    deadline = time.monotonic() + PATIENCE
    while mlflow.get("/health"):  # takes no more requests
        assert time.monotonic() < deadline

    said, _ = upload.communicate("go on\n", timeout=PATIENCE)
    assert said.split() == ["200"] * 4
    assert mlflow.wait() == 0


@pytest.mark.parametrize("cluster", VERSIONS[:1], indirect=True)
def test_a_command_that_fails_ends_its_pod(cluster):
    """As process 1 it would else wait for ever for what it left behind."""
    cluster.postgresql().start()
    pod = cluster.mlflow()
    pod.initialise()
    (container,) = pod.spec["containers"]
    running = pod.run(container | {"args": ["server", "--no-such-option"]})
    assert running.wait() == 2
    assert "--no-such-option" in running.said()
