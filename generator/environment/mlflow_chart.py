"""A series of MLflow -> the version of the chart community-charts/mlflow, and the values it takes.

The chart says what it does not know only when it is installed, or not at all. So every value that
we give it stands here, with its type and the version that it came with: rendering refuses others.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Version = tuple[int, int, int]

_OF_MLFLOW_2: Version = (0, 17, 2)
_OF_MLFLOW_3: Version = (1, 11, 5)

CHARTS: Mapping[str, Version] = {"gunicorn": _OF_MLFLOW_2, "uvicorn": _OF_MLFLOW_3}
"""The chart's version for each way in which MLflow is served: one starts no other's server."""


@dataclass(frozen=True)
class Key:
    """A value of the chart."""

    type: type
    since: Version = _OF_MLFLOW_2


def _keys(kind: type, *names: str, since: Version = _OF_MLFLOW_2) -> dict[str, Key]:
    return dict.fromkeys(names, Key(kind, since))


KEYS: Mapping[str, Key] = {
    **_keys(int, "replicaCount"),
    **_keys(str, "fullnameOverride", "image.repository", "image.tag"),
    **_keys(str, "image.digest", since=_OF_MLFLOW_3),
    **_keys(str, "strategy.type"),
    **_keys(int, "strategy.rollingUpdate.maxSurge", "strategy.rollingUpdate.maxUnavailable"),
    **_keys(bool, "serviceAccount.create", "serviceAccount.automount"),
    **_keys(str, "serviceAccount.name"),
    **_keys(dict, "podAnnotations", "podSecurityContext", "securityContext", "resources"),
    **_keys(dict, "livenessProbe", "readinessProbe"),
    **_keys(str, "service.type", "service.name"),
    **_keys(int, "service.port"),
    **_keys(dict, "service.annotations"),
    **_keys(int, "service.containerPort", since=_OF_MLFLOW_3),
    **_keys(str, "service.containerPortName", since=_OF_MLFLOW_3),
    **_keys(bool, "log.enabled", since=_OF_MLFLOW_3),
    **_keys(bool, "backendStore.databaseMigration", "backendStore.databaseConnectionCheck"),
    **_keys(bool, "backendStore.postgres.enabled"),
    **_keys(str, "backendStore.postgres.host", "backendStore.postgres.database"),
    **_keys(int, "backendStore.postgres.port"),
    **_keys(str, "backendStore.postgres.user", "backendStore.postgres.password"),
    **_keys(str, "backendStore.postgres.driver"),
    **_keys(str, "initImages.mlflowDbMigration.repository", since=_OF_MLFLOW_3),
    **_keys(str, "initImages.mlflowDbMigration.tag", since=_OF_MLFLOW_3),
    **_keys(bool, "artifactRoot.proxiedArtifactStorage", "artifactRoot.azureBlob.enabled"),
    **_keys(str, "artifactRoot.azureBlob.container", "artifactRoot.azureBlob.storageAccount"),
    **_keys(str, "artifactRoot.azureBlob.connectionString"),
    **_keys(bool, "auth.enabled", "auth.postgres.enabled"),
    **_keys(str, "auth.adminUsername", "auth.adminPassword", "auth.defaultPermission"),
    **_keys(str, "auth.postgres.host", "auth.postgres.database", "auth.postgres.driver"),
    **_keys(int, "auth.postgres.port"),
    **_keys(str, "auth.postgres.user", "auth.postgres.password"),
    **_keys(str, "flaskServerSecretKey"),
    **_keys(str, "extraArgs.workers", "extraArgs.gunicornOpts", "extraArgs.appName"),
    **_keys(str, "extraArgs.uvicornOpts", since=_OF_MLFLOW_3),
    **_keys(list, "serverAllowedHosts", "corsAllowedOrigins", since=_OF_MLFLOW_3),
    **_keys(dict, "extraEnvVars"),
    **_keys(list, "initContainers", "extraVolumes", "extraVolumeMounts"),
}
"""Every value that is given to the chart, by its path."""


SECRETS: Mapping[str, str] = {
    "database-password": "backendStore.postgres.password",
    "flask-secret-key": "flaskServerSecretKey",
    "storage-connection-string": "artifactRoot.azureBlob.connectionString",
}
"""The value that a release takes each secret as; the administrator's password is not its affair."""

_MISREAD = re.compile(r"""[,\\]|^["'{]|^[0-9]+$""")


def misread(text: str) -> str | None:
    """Return what is wrong with a secret's value: Flux reads it as `helm --set` does."""
    if _MISREAD.search(text):
        return (
            "holds , or a backslash, starts with a quote or {, or is a number: with "
            "apps.mlflow.delivery: helm Flux would read that as something else; use letters "
            "and digits"
        )
    return None


def problem(path: str, value: object, chart: Version) -> str | None:
    """Return what is wrong with giving `value` to the chart as `path`."""
    key = KEYS.get(path)
    if key is None:
        return f"{path}: is in no chart's table of values"
    if key.since > chart:
        return f"{path}: came with chart {dotted(key.since)}, and this is {dotted(chart)}"
    if type(value) is not key.type:
        return f"{path}: must be {key.type.__name__}, is {type(value).__name__}"
    return None


def nested(values: Iterable[tuple[str, object]], chart: Version) -> dict[str, Any]:
    """Return values as the chart reads them. Raises ValueError where it does not know one."""
    result: dict[str, Any] = {}
    problems = []
    for path, value in values:
        if message := problem(path, value, chart):
            problems.append(message)
        inner, (*parents, last) = result, path.split(".")
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    if problems:
        raise ValueError("; ".join(problems))
    return result


def dotted(version: Version) -> str:
    """Return a version as the chart writes it."""
    return ".".join(map(str, version))
