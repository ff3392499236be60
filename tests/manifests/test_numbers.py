"""The numbers that generator/environment counts with are those of the manifests."""

import ast

from generator.environment import nodes, rules, types
from tests.manifests import cases
from tests.trees import ROOT

PROD = cases.case("prod")


def gunicorn():
    """The constants of gunicorn's settings."""
    tree = ast.parse((ROOT / "apps/mlflow/base/server/gunicorn_conf.py").read_text())
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


def test_how_many_connections_postgresql_has_and_a_worker_takes():
    reserved = 3  # superuser_reserved_connections, PostgreSQL's default
    assert "superuser_reserved_connections" not in postgresql()
    assert int(postgresql()["max_connections"]) - reserved == rules._CONNECTIONS
    assert gunicorn()["threads"] == rules._THREADS


def test_a_pod_that_ends_has_time_to_finish_what_it_does():
    spec = PROD.pods["mlflow"].spec
    pause = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause + gunicorn()["graceful_timeout"] < spec["terminationGracePeriodSeconds"]
