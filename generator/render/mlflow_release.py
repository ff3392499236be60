"""Environment -> the overlay `server` of a Helm release: its chart, values, secrets and image.

What is the same in every environment stands in apps/mlflow/helm.
"""

from collections.abc import Iterator, Mapping

from generator import yaml
from generator.environment import Environment, mlflow_chart
from generator.render import mlflow_values
from generator.secrets import table

Manifest = dict[str, object]

VALUES = "mlflow-values.yaml"
"""The chart's values, for Flux and for people: the file and its key in the ConfigMap."""

COMPONENT = "../../../helm"


def components(env: Environment) -> Iterator[str]:
    """Yield what makes the server a release. It comes after what shapes the other delivery."""
    yield COMPONENT
    if env.apps.mlflow.artifacts.access == "workload-identity":
        yield f"{COMPONENT}/workload-identity"
    if env.apps.mlflow.replicas > 1:
        yield f"{COMPONENT}/replicas"


def generators() -> Manifest:
    """Return the ConfigMap of the chart's values."""
    labels = {"app.kubernetes.io/part-of": "mlflow"}
    return {"name": "mlflow-values", "files": [VALUES], "options": {"labels": labels}}


def patch(env: Environment, volume: Mapping[str, object]) -> Manifest:
    """Return what an environment adds to the HelmRelease; `volume` holds the pod's secrets."""
    version = mlflow_chart.dotted(mlflow_values.chart(env))
    operations = [
        _add("/spec/chart/spec/version", version),
        *(_add("/spec/valuesFrom/-", source) for source in _secrets(env)),
        _add("/spec/values/extraVolumes/-", {"name": "secrets", **volume}),
    ]
    return {"target": {"kind": "HelmRelease"}, "patch": yaml.dump(operations)}


def _secrets(env: Environment) -> Iterator[Manifest]:
    """Where the chart's secret values come from: never from its values."""
    for secret in table.needed(env, "mlflow"):
        if target := mlflow_chart.SECRETS.get(secret.name):
            yield {
                "kind": "Secret",
                "name": table.KUBERNETES_SECRET,
                "valuesKey": secret.name,
                "targetPath": target,
            }


def _add(path: str, value: object) -> Manifest:
    return {"op": "add", "path": path, "value": value}
