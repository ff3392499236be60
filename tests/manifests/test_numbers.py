"""The numbers that generator/environment counts with are those of the manifests."""

import ast
import re

from generator.environment import mlflow_versions, nodes, rules, types
from tests.manifests import cases
from tests.trees import ROOT

PROD = cases.case("prod")
MLFLOW_3 = cases.case("golden/mlflow-3")
SERIES = {row.series.server: row.series for row in mlflow_versions.TABLE}


def gunicorn():
    """The constants of gunicorn's settings."""
    return constants("base/server/gunicorn_conf.py")


def uvicorn():
    """The settings of uvicorn and of MLflow 3, and how many threads a worker runs."""
    settings = MLFLOW_3.one("ConfigMap", "mlflow-settings")["data"]
    return settings | {"threads": constants("components/mlflow-3/serve.py")["_THREADS"]}


def constants(path):
    tree = ast.parse((ROOT / "apps/mlflow" / path).read_text())
    return {
        name.id: value.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for name, value in [(statement.targets[0], statement.value)]
        if isinstance(name, ast.Name) and isinstance(value, ast.Constant)
    }


def postgresql():
    text = PROD.one("ConfigMap", "postgresql")["data"]["postgresql.conf"]
    lines = (line.partition(" #")[0] for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}


def requests(containers):
    """What containers request that run beside each other."""
    requests = [container["resources"]["requests"] for container in containers]
    return (
        sum(types.millicores(request["cpu"]) for request in requests),
        sum(types.mebibytes(request["memory"]) for request in requests),
    )


def test_what_the_pods_request(built):
    """The scheduler takes the larger of what runs first and what runs then."""
    database, server = (built.pods[name].spec for name in ("postgresql", "mlflow"))
    assert requests(database["initContainers"]) == requests(database["containers"])
    assert requests(database["containers"]) == nodes.POSTGRESQL
    assert requests(server["initContainers"]) == nodes.INITIALISE


def test_a_backup_finds_room_where_a_rollout_does():
    backup = PROD.pods["mlflow-backup"].spec
    for containers in (backup["initContainers"], backup["containers"]):
        cpu, memory = requests(containers)
        assert cpu <= nodes.INITIALISE[0]
        assert memory <= nodes.INITIALISE[1]


def test_a_restore_holds_the_lock_that_a_starting_server_waits_for():
    taken = re.search(r"^_LOCK = (\d+)", PROD.one("ConfigMap")["data"]["initialise.py"], re.M)[1]
    script = PROD.one("ConfigMap", "mlflow-backup")["data"]["databases.sh"]
    assert f"pg_advisory_xact_lock({taken})" in script


def test_how_many_connections_postgresql_has_and_a_worker_takes():
    reserved = 3  # superuser_reserved_connections, PostgreSQL's default
    assert "superuser_reserved_connections" not in postgresql()
    assert int(postgresql()["max_connections"]) - reserved == rules._CONNECTIONS
    kept = 5  # SQLAlchemy's default
    assert gunicorn()["threads"] + 2 * kept == SERIES["gunicorn"].connections
    kept = int(uvicorn()["MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"])
    most = kept + int(uvicorn()["MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW"])
    assert uvicorn()["threads"] < most, "the event loop asks too, and must not wait"
    assert most + uvicorn()["threads"] + 2 * kept == SERIES["uvicorn"].connections


def test_a_pod_that_ends_has_time_to_finish_what_it_does():
    spec = PROD.pods["mlflow"].spec
    pause = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    for most in (gunicorn()["graceful_timeout"], uvicorn()["UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN"]):
        assert pause + int(most) < spec["terminationGracePeriodSeconds"]
