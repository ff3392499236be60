"""An address and a password -> runs logged and read back over MLflow's REST API."""

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any

_API = "/api/2.0/mlflow"


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
            answer = self._json("POST", f"{_API}/experiments/create", {"name": name})
        except Failed as failed:
            if "RESOURCE_ALREADY_EXISTS" not in str(failed):
                raise
            path = f"{_API}/experiments/get-by-name?experiment_name={name}"
            answer = self._json("GET", path)["experiment"]
        return str(answer["experiment_id"])

    def log_run(self, experiment: str, value: float) -> str:
        """Log a run with one metric and one artifact; return its id."""
        body: dict[str, Any] = {"experiment_id": experiment}
        run = str(self._json("POST", f"{_API}/runs/create", body)["run"]["info"]["run_id"])
        metric = {"run_id": run, "key": "value", "value": value, "timestamp": 0}
        self._json("POST", f"{_API}/runs/log-metric", metric)
        self._request("PUT", _artifact(experiment, run), str(value).encode())
        return run

    def logged(self, experiment: str, run: str) -> tuple[float, float]:
        """Return a run's metric, and what its artifact holds."""
        data = self._json("GET", f"{_API}/runs/get?run_id={run}")["run"]["data"]
        return data["metrics"][0]["value"], float(self._request("GET", _artifact(experiment, run)))

    def _json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        payload = b"" if body is None else json.dumps(body).encode()
        answer: dict[str, Any] = json.loads(self._request(method, path, payload))
        return answer

    def _request(self, method: str, path: str, body: bytes = b"") -> bytes:
        credentials = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise Failed(f"{method} {path}: {response.status}: {answer[:500]!r}")
        return answer


def _artifact(experiment: str, run: str) -> str:
    return f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/value.txt"
