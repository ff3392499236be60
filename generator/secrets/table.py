"""The secrets of an environment: what each is, how it is made, and which workload reads it.

A secret's name is its file's name in the containers, its key in the Kubernetes Secret and its name
in the key vault.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator.environment import Environment

FOLDER = "/run/secrets/mlflow"
"""Where every container finds its secrets as files, with either provider."""


@dataclass(frozen=True)
class Secret:
    """One secret. `length` is that of a generated value, in characters; 0: Azure makes it."""

    name: str
    purpose: str
    length: int
    minimum: int
    """The fewest characters that work: MLflow's workers die of a shorter password."""
    workloads: tuple[str, ...]
    needed: Callable[[Environment], bool] = lambda environment: True


TABLE = (
    Secret("admin-password", "MLflow's administrator", 32, 12, ("mlflow",)),
    Secret("database-password", "PostgreSQL's role mlflow", 32, 12, ("mlflow", "postgresql")),
    Secret("flask-secret-key", "signs MLflow's sessions", 64, 32, ("mlflow",)),
    Secret(
        "storage-connection-string",
        "MLflow's access to the blob container",
        0,
        1,
        ("mlflow",),
        lambda environment: environment.apps.mlflow.artifacts.access == "account-key",
    ),
)


def needed(environment: Environment, workload: str | None = None) -> Iterator[Secret]:
    """Yield the secrets that an environment needs, or only those that `workload` reads."""
    for secret in TABLE:
        if secret.needed(environment) and workload in (None, *secret.workloads):
            yield secret
