"""What stands in the built prod overlay runs: PostgreSQL and MLflow as processes, and Azurite."""

import os
import re
import signal
import time

import pytest

from tests.manifests import serving
from tests.manifests.pods import PATIENCE, Cluster
from tests.manifests.serving import LOG, PROD, READ, SECRETS, as_admin

# The first run on a machine installs MLflow, PostgreSQL and Azurite.
pytestmark = pytest.mark.timeout(900)


VERSIONS = ["2.22.0", "3.16.0"]


@pytest.fixture(params=VERSIONS)
def tag(request):
    return request.param


@pytest.fixture
def cluster(tmp_path, tag):
    with Cluster(tmp_path, serving.prod(tag).objects, SECRETS).network() as cluster:
        yield cluster


@pytest.fixture
def storage(cluster, tmp_path):
    serving.storage(cluster, tmp_path / "azurite")


def test_a_server_without_its_database_asks_for_another_try_not_for_a_password(cluster):
    postgresql, mlflow = cluster.postgresql().start(), cluster.mlflow().start()
    right = tuple(as_admin().values())
    paths = ("/version", "/api/2.0/mlflow-artifacts/artifacts/0/x")
    assert mlflow.get("/version", *right) == 200
    assert {mlflow.get(path, "nobody", "wrong") for path in paths} == {401}

    postgresql.stop()
    # A client tries again after 503, and gives up after 401.
    assert {mlflow.get(path, *right) for path in paths} == {503}
    assert {mlflow.get(path) for path in paths} == {401}
    assert mlflow.get("/health") == 200

    cluster.postgresql("postgresql-0-again").start()
    assert mlflow.get("/version", *right) == 200


# MLflow 3's workers each ask the database before they serve, so one of its two must live.
@pytest.mark.parametrize(("tag", "crash"), [(VERSIONS[0], 2), (VERSIONS[1], 1)], indirect=["tag"])
def test_workers_that_crash_while_the_database_is_away_are_replaced(cluster, crash):
    postgresql, mlflow = cluster.postgresql().start(), cluster.mlflow().start()
    postgresql.stop()
    first, *before = mlflow.family()
    for worker in (crashed := before[:crash]):
        os.kill(worker, signal.SIGKILL)

    mlflow.wait_for(mlflow.container["livenessProbe"])
    assert mlflow.get("/version", *as_admin().values()) == 503
    cluster.postgresql("postgresql-0-again").start()
    assert mlflow.get("/version", *as_admin().values()) == 200
    assert mlflow.first == first
    deadline = time.monotonic() + PATIENCE
    while len(after := set(mlflow.family()) - {first}) < len(before) or after & set(crashed):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("tag", VERSIONS[:1], indirect=True)
def test_a_run_outlives_a_restart_a_power_cut_and_both_passwords(cluster, storage):
    admin = as_admin()
    postgresql, mlflow = cluster.postgresql().start(), cluster.mlflow().start()
    run = cluster.answer(LOG, **admin)
    assert cluster.answer(READ, run, **admin) == "3 0.9 a plot"

    assert mlflow.get("/") == mlflow.get("/version") == 401
    said = mlflow.said() + postgresql.said()
    assert "PGUSER" in mlflow.environ()
    assert not [secret for secret in SECRETS.values() if secret in mlflow.environ() + said]
    assert len(mlflow.sockets()) == 1, "the one it listens on: workers may share no other"

    assert postgresql.stop() < 30  # though clients are connected
    postgresql = cluster.postgresql("postgresql-0-again").start()
    assert cluster.answer(READ, run, **admin) == "3 0.9 a plot"

    long = "é☃ ${PGUSER} %s \\ ' " * 10
    cluster.secrets |= {"database-password": long.strip(), "admin-password": f"%% {long}."}
    assert mlflow.stop() < 30
    postgresql.kill()
    cluster.postgresql("postgresql-0-third").start()
    mlflow = cluster.mlflow("mlflow-2").start()
    old, new = admin, as_admin(cluster.secrets["admin-password"])
    assert cluster.answer(READ, run, **new) == "3 0.9 a plot"
    assert [mlflow.get("/version", *login.values()) for login in (old, new)] == [401, 200]


# Prints what the image is chosen for: its version, and azure-identity's, which others lack.
HELD = "from importlib import metadata as m; print(*map(m.version, ['mlflow', 'azure-identity']))"


def test_the_official_image_keeps_a_run_and_asks_for_the_password(tmp_path):
    """Name and tag stand in the built overlay; what runs is the same version's package, which is
    tools/mlflow-3, and not the published image.
    """
    name, tag = "ghcr.io/mlflow/mlflow", "v3.16.1-full"
    with Cluster(tmp_path, serving.prod(tag, name).objects, SECRETS).network() as cluster:
        serving.storage(cluster, tmp_path / "azurite")
        cluster.postgresql().start()
        mlflow = cluster.mlflow().start()
        assert mlflow.container["image"] == f"{name}:{tag}"
        assert mlflow.execute(["python", "-c", HELD]).stdout.startswith("3.16.1 1.")

        assert mlflow.get("/version") == mlflow.get("/version", "nobody", "wrong") == 401
        run = cluster.answer(LOG, tool="mlflow-3", **as_admin())
        assert cluster.answer(READ, run, tool="mlflow-3", **as_admin()) == "3 0.9 a plot"
        assert not [secret for secret in SECRETS.values() if secret in mlflow.environ()]


# Holds the lock until both pods wait for it: neither has made anything by then.
HOLD = """
import sys, psycopg2
lock, *databases = sys.argv[1:]
def ask(database, statement):
    with psycopg2.connect(host="127.0.0.1", user="mlflow", dbname=database) as connection:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]
holder = psycopg2.connect(host="127.0.0.1", user="mlflow", dbname=databases[0])
holder.cursor().execute("SELECT pg_advisory_lock(%s)", [lock])
print("held", flush=True)
while ask(databases[0], "SELECT count(*) FROM pg_locks WHERE NOT granted") < 2:
    pass
tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
print(*(ask(database, tables) for database in databases))
"""


def test_two_pods_that_start_at_once_on_empty_databases_take_turns(cluster):
    cluster.postgresql().start()
    lock = re.search(r"^_LOCK = (\d+)", PROD.one("ConfigMap")["data"]["initialise.py"], re.M)[1]
    password = SECRETS["database-password"]
    holder = cluster.python(HOLD, lock, "mlflow", "mlflow_auth", PGPASSWORD=password)
    assert holder.stdout.readline() == "held\n"

    pods = [cluster.mlflow(name) for name in ("mlflow-1", "mlflow-2")]
    starting = [pod.run(*pod.spec["initContainers"]) for pod in pods]

    assert holder.communicate(timeout=PATIENCE)[0] == "0 0\n"
    for initialise in starting:
        assert initialise.wait() == 0, initialise.said()
        assert "both databases are up to date" in initialise.said()


# Half of each artifact, then, when told to, the other half: as a slow network would send it.
UPLOAD = """
import base64, http.client, sys
user, password, count = sys.argv[1:]
key = base64.b64encode(f"{user}:{password}".encode()).decode()
half = bytes(1 << 20)
connections = []
for number in range(int(count)):
    connection = http.client.HTTPConnection("127.0.0.1", 5000)
    connection.putrequest("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/slow-{number}")
    connection.putheader("Authorization", f"Basic {key}")
    connection.putheader("Content-Length", str(2 * len(half)))
    connection.endheaders(half)
    connections.append(connection)
print("half", flush=True)
sys.stdin.readline()
for connection in connections:
    connection.send(half)
print(*(connection.getresponse().status for connection in connections))
"""


def test_slow_uploads_neither_block_health_nor_are_cut_by_a_rollout(cluster, storage):
    cluster.postgresql().start()
    mlflow = cluster.mlflow().start()
    count = 2 * PROD.environment.apps.mlflow.workers
    upload = cluster.python(UPLOAD, *as_admin().values(), str(count))
    assert upload.stdout.readline() == "half\n"

    assert {mlflow.get("/health") for _ in range(5)} == {200}
    mlflow.terminate()
    deadline = time.monotonic() + PATIENCE
    while mlflow.get("/health"):  # takes no more requests
        assert time.monotonic() < deadline

    said, _ = upload.communicate("go on\n", timeout=PATIENCE)
    assert said.split() == ["200"] * count
    assert mlflow.wait() == 0
