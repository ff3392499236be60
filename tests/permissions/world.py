"""A server started from the built manifests, and the people who ask it.

Two series and two deliveries make four servers. Each runs as the pods of the prod environment do,
with PostgreSQL and blob storage beside it, in a network of its own.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from generator.environment import edit
from tests.manifests import cases, serving
from tests.manifests.pods import Cluster, Process
from tests.manifests.serving import PROD, SECRETS

SERIES = {"2.22": ("2.22.0", "mlflow"), "3.16": ("3.16.0", "mlflow-3")}
DELIVERIES = ("kustomize", "helm")
SERVERS = [f"{series}-{delivery}" for series in SERIES for delivery in DELIVERIES]
_PASSWORD = "a password of "

# Reads a request a line, and writes its answer a line: status, headers and body.
_ASK = """
import base64, http.client, json, sys
for line in sys.stdin:
    asked = json.loads(line)
    connection = http.client.HTTPConnection("127.0.0.1", 5000, timeout=120)
    body = base64.b64decode(asked["body"]) if asked["body"] is not None else None
    connection.request(asked["method"], asked["path"], body, asked["headers"])
    answer = connection.getresponse()
    said = base64.b64encode(answer.read()).decode()
    print(json.dumps([answer.status, dict(answer.getheaders()), said]), flush=True)
    connection.close()
"""


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class World:
    """One server, asked by people with and without grants."""

    def __init__(self, cluster: Cluster, series: str) -> None:
        self.cluster, self.series = cluster, series
        self.tool = SERIES[series][1]
        self.process: Process = cluster.python(_ASK)
        self.admin = PROD.environment.apps.mlflow.auth.admin

    def ask(
        self,
        who: str,
        method: str,
        path: str,
        said: Any = None,
        *,
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """Send one request. `said` becomes JSON; `body` goes as it is; "" is nobody."""
        if said is not None:
            body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            headers = {"Content_Type": "application/json", **headers}
        if who:
            key = base64.b64encode(":".join(self.login(who).values()).encode()).decode()
            headers["Authorization"] = f"Basic {key}"
        asked = {
            "method": method,
            "path": path,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "body": None if body is None else base64.b64encode(body).decode(),
        }
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        status, answered, text = json.loads(self.process.stdout.readline())
        return Answer(status, answered, base64.b64decode(text))

    def login(self, who: str) -> dict[str, str]:
        """What a client of theirs sets."""
        password = SECRETS["admin-password"] if who == self.admin else _PASSWORD + who
        return {"MLFLOW_TRACKING_USERNAME": who, "MLFLOW_TRACKING_PASSWORD": password}

    def must(self, who: str, method: str, path: str, said: Any = None, **more: Any) -> Any:
        """Ask for what has to succeed; return the answer's JSON, or None where it has none."""
        answer = self.ask(who, method, path, said, **more)
        assert answer.status == 200, (who, method, path, said, answer)
        return answer.json if answer.body[:1] in (b"{", b"[") else None

    def add(self, user: str) -> str:
        made = {"username": user, "password": _PASSWORD + user}
        self.must(self.admin, "POST", "/api/2.0/mlflow/users/create", made)
        return user

    def permit(self, user: str, kind: str, what: str, level: str) -> None:
        """Grant a level on an `experiment` (its id) or a `registered_model` (its name)."""
        named = {"username": user, "permission": level}
        if self.series == "2.22":
            route = "experiments" if kind == "experiment" else "registered-models"
            named |= {"experiment_id" if kind == "experiment" else "name": what}
            path = f"/api/2.0/mlflow/{route}/permissions/create"
        else:
            named |= {"resource_type": kind, "resource_id": what}
            path = "/api/3.0/mlflow/users/permissions/grant"
        self.must(self.admin, "POST", path, named)

    def experiment(self, who: str, name: str, **more: Any) -> str:
        made = {"name": name, **more}
        return self.must(who, "POST", "/api/2.0/mlflow/experiments/create", made)["experiment_id"]

    def run(self, who: str, experiment: str) -> str:
        made = {"experiment_id": experiment, "start_time": 1}
        answer = self.must(who, "POST", "/api/2.0/mlflow/runs/create", made)
        return answer["run"]["info"]["run_id"]


@cache
def built(server: str, default: str) -> cases.Built:
    """The prod environment as one of SERVERS, with another default permission."""
    series, _, delivery = server.partition("-")
    mlflow = "apps", "mlflow"
    changes = {
        (*mlflow, "image", "tag"): SERIES[series][0],
        (*mlflow, "delivery"): delivery,
        (*mlflow, "auth", "default_permission"): default,
    }
    return cases.build(edit.assign(cases.FILES["prod"].read_text(), changes), "prod")


@contextmanager
def started(
    server: str, folder: Path, *, storage: bool = True, default: str = "NO_PERMISSIONS"
) -> Iterator[World]:
    """Start one of SERVERS with empty databases, and what it needs."""
    series = server.partition("-")[0]
    objects = built(server, default).objects
    with Cluster(folder, objects, SECRETS).network() as cluster:
        if storage:
            serving.storage(cluster, folder / "azurite")
        cluster.postgresql().start()
        cluster.mlflow().start()
        yield World(cluster, series)
