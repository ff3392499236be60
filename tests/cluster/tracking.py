"""An address and a password -> runs logged and read back over MLflow's REST API."""

import base64
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any

_API = "/api/2.0/mlflow"
_PATIENCE = 120  # seconds: what MLflow's own client waits, while a migration holds its locks say


class Failed(Exception):
    """MLflow answered, and it was no success."""


@dataclass(frozen=True)
class Tracking:
    """MLflow at an address; every request is a connection of its own, so each may meet any pod."""

    address: str
    user: str
    password: str

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made if missing."""
        try:
            answer = self.ask("POST", f"{_API}/experiments/create", {"name": name})
        except Failed as failed:
            if "RESOURCE_ALREADY_EXISTS" not in str(failed):
                raise
            path = f"{_API}/experiments/get-by-name?experiment_name={name}"
            answer = self.ask("GET", path)["experiment"]
        return str(answer["experiment_id"])

    def log_run(self, experiment: str, value: float) -> str:
        """Log a run with one metric and one artifact; return its id."""
        run = self.start_run(experiment)
        self.log_metric(run, value)
        self._request("PUT", artifact(experiment, run), str(value).encode())
        return run

    def start_run(self, experiment: str) -> str:
        """Make a run; return its id."""
        body = {"experiment_id": experiment}
        return str(self.ask("POST", f"{_API}/runs/create", body)["run"]["info"]["run_id"])

    def log_metric(self, run: str, value: float) -> None:
        """Log one value of the metric `value`."""
        metric = {"run_id": run, "key": "value", "value": value, "timestamp": 0, "step": int(value)}
        self.ask("POST", f"{_API}/runs/log-metric", metric)

    def metrics(self, run: str) -> set[float]:
        """Return every value of the metric `value`."""
        path = f"{_API}/metrics/get-history?run_id={run}&metric_key=value&max_results=25000"
        return {metric["value"] for metric in self.ask("GET", path)["metrics"]}

    def logged(self, experiment: str, run: str) -> tuple[float, float]:
        """Return a run's metric, and what its artifact holds."""
        data = self.ask("GET", f"{_API}/runs/get?run_id={run}")["run"]["data"]
        return data["metrics"][0]["value"], float(self._request("GET", artifact(experiment, run)))

    def version(self) -> str:
        """Return the server's version of MLflow."""
        return self._request("GET", "/version").decode()

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return the API's answer. Raises Failed where it is no success."""
        payload = b"" if body is None else json.dumps(body).encode()
        answer: dict[str, Any] = json.loads(self._request(method, path, payload))
        return answer

    @property
    def authorization(self) -> dict[str, str]:
        """The header that says who asks."""
        credentials = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {credentials}"}

    def connection(self) -> http.client.HTTPConnection:
        """Return a new connection."""
        return http.client.HTTPConnection(self.address, timeout=_PATIENCE)

    def _request(self, method: str, path: str, body: bytes = b"") -> bytes:
        headers = self.authorization | {"Content-Type": "application/json"}
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise Failed(f"{method} {path}: {response.status}: {answer[:500]!r}")
        return answer


@dataclass(frozen=True)
class SecureTracking(Tracking):
    """The same over https, at a host that only the test knows to be at the address."""

    host: str
    context: ssl.SSLContext

    def connection(self) -> http.client.HTTPConnection:
        """Return a connection to the host, whose name is looked up nowhere."""
        return _Secure(self.address, self.host, self.context)


class _Secure(http.client.HTTPSConnection):
    def __init__(self, address: str, host: str, context: ssl.SSLContext) -> None:
        super().__init__(host, timeout=_PATIENCE, context=context)
        self._at, self._speaks = address, context

    def connect(self) -> None:
        plain = socket.create_connection((self._at, self.port), self.timeout)
        self.sock = self._speaks.wrap_socket(plain, server_hostname=self.host)


def artifact(experiment: str, run: str, name: str = "value.txt") -> str:
    """Return the path of a run's artifact, for requests without MLflow's client."""
    return f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{name}"
