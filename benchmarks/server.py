"""Logging metrics with 1, 8 and 32 clients: this server and the community chart's, side by side.

Both run at once on the same PostgreSQL and Azurite, and are measured in turn, so that a busy moment
of the machine falls on both. The chart's server is what community-charts/mlflow 0.17.2 starts for
MLflow 2.22.0 where nobody sets extraArgs: "mlflow server" with its four sync workers.
"""

import base64
import http.client
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from generator import environment, programs
from generator.local import azurite, data, like, ports, processes, server

ROOT = Path(__file__).parents[1]
ENVIRONMENT = "prod"
CLIENTS = (1, 8, 32)
ROUNDS = 3
REQUESTS = 64  # a round, of all clients together

# What the chart's template comes to with its own values, authentication and PostgreSQL on.
CHART = (
    "--backend-store-uri=postgresql+psycopg2:///mlflow",
    "--serve-artifacts",
    "--app-name=basic-auth",
    "--gunicorn-opts=--log-level=info",
)
AUTHORIZATION = "authorization_function = mlflow.server.auth:authenticate_request_basic_auth"


@dataclass(frozen=True)
class Server:
    """Where it answers, and as whom it is asked."""

    port: int
    authorization: str

    def post(
        self, connection: http.client.HTTPConnection, path: str, api: str = "2.0", **fields: object
    ) -> dict:
        """Return the answer. Raises RuntimeError where it is not a good one."""
        path = f"/api/{api}/mlflow/{path}"
        headers = {"Authorization": self.authorization, "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(fields), headers)
            answer = connection.getresponse()
        except ConnectionError:  # the server let go of an idle one; MLflow's client asks again too
            connection.close()
            connection.request("POST", path, json.dumps(fields), headers)
            answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return json.loads(body)

    def log(self, connection: http.client.HTTPConnection, run: str, steps: int) -> list[float]:
        """Log a metric as often; return the seconds that each time took."""
        seconds = []
        for step in range(steps):
            start = time.perf_counter()
            fields = {"run_id": run, "key": "loss", "value": 1 / (step + 1), "step": step}
            self.post(connection, "runs/log-metric", timestamp=time.time_ns() // 10**6, **fields)
            seconds.append(time.perf_counter() - start)
        return seconds


@dataclass(frozen=True)
class Round:
    """What as many clients saw: requests a second, and the seconds that each request took."""

    rate: float
    seconds: list[float]


def main() -> None:
    """Print the table; exit 1 where a row is lost."""
    print("| clients | chart req/s | ours req/s | ratio | chart p99 ms | ours p99 ms | ratio |")
    print("|---|---|---|---|---|---|---|")
    lost = []
    with servers() as (chart, ours):
        for clients in CLIENTS:
            rounds = [(measured(chart, clients), measured(ours, clients)) for _ in range(ROUNDS)]
            (rate, slow), (our_rate, our_slow) = map(summary, zip(*rounds, strict=True))
            print(
                f"| {clients} | {rate:.1f} | {our_rate:.1f} | {our_rate / rate:.2f} "
                f"| {slow:.0f} | {our_slow:.0f} | {our_slow / slow:.2f} |",
                flush=True,
            )
            if our_rate <= rate or our_slow >= slow:
                lost.append(clients)
    if lost:
        sys.exit(f"lost to the chart with clients: {', '.join(map(str, lost))}")


def summary(rounds: Sequence[Round]) -> tuple[float, float]:
    """Return the median of requests a second, and the 99th percentile in milliseconds."""
    seconds = sorted(second for one in rounds for second in one.seconds)
    return statistics.median(one.rate for one in rounds), 1000 * seconds[len(seconds) * 99 // 100]


def measured(asked: Server, clients: int) -> Round:
    """Log metrics, each client to a run of its own, all at once."""
    with ThreadPoolExecutor(clients) as pool, ExitStack() as stack:
        connections = [stack.enter_context(connected(asked)) for _ in range(clients)]
        runs = [
            asked.post(connection, "runs/create", experiment_id="0")["run"]["info"]["run_id"]
            for connection in connections
        ]
        start = time.perf_counter()
        steps = [REQUESTS // clients] * clients
        seconds = list(chain.from_iterable(pool.map(asked.log, connections, runs, steps)))
        return Round(len(seconds) / (time.perf_counter() - start), seconds)


@contextmanager
def connected(asked: Server) -> Iterator[http.client.HTTPConnection]:
    """Give a connection that is kept, where the server keeps it."""
    connection = http.client.HTTPConnection(ports.HOST, asked.port)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def servers() -> Iterator[tuple[Server, Server]]:
    """Give the chart's server and ours, on the same databases and with the same users."""
    (env,) = environment.load(ROOT, [ENVIRONMENT])
    with (
        tempfile.TemporaryDirectory() as folder,
        data.held(Path(folder), ENVIRONMENT) as held,
        ports.held() as mlflow,
        ports.held() as chart,
        like.ports_held(mlflow) as taken,
        processes.started(held.folder / "logs", held.lock) as started,
    ):
        all_of_it = like.Like(env, ROOT, held, started.folder("mlflow-"), taken, started, print)
        ours = all_of_it.start()
        start_chart(all_of_it, chart)
        credentials = f"{ours.user}:{held.secret('admin-password', str)}".encode()
        authorization = f"Basic {base64.b64encode(credentials).decode()}"
        yield Server(chart, authorization), Server(ours.port, authorization)


def start_chart(parts: like.Like, port: int) -> None:
    """Start the chart's server on the databases and the storage of ours."""
    artifacts, secret = parts.env.apps.mlflow.artifacts, parts.data.secret
    program = programs.find(ROOT, "mlflow", say=print)
    configuration = parts.folder / "chart.ini"
    ours = (parts.folder / "mlflow/run/mlflow/basic_auth.ini").read_text()
    configuration.write_text(re.sub("authorization_function = .*", AUTHORIZATION, ours))
    variables = {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(parts.folder),
        "PGHOST": ports.HOST,
        "PGPORT": str(parts.ports.postgresql),
        "PGUSER": "mlflow",
        "PGPASSWORD": secret("database-password", str),
        "MLFLOW_AUTH_CONFIG_PATH": str(configuration),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secret("flask-secret-key", str),
        "AZURE_STORAGE_CONNECTION_STRING": azurite.connection_string(
            artifacts.account, secret("azurite-key", str), parts.ports.azurite
        ),
    }
    destination = f"wasbs://{artifacts.container}@{artifacts.account}.blob.core.windows.net/"
    command = [program, "server", f"--host={ports.HOST}", f"--port={port}", *CHART]
    parts.processes.start("chart", [*command, f"--artifacts-destination={destination}"], variables)
    server.Server(parts.processes, port, parts.data.folder).wait()


if __name__ == "__main__":
    main()
