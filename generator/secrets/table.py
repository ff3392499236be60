"""The secrets of an environment: what each is, how it is made, and which workload reads it.

A secret's name is its file's name in the containers, its key in the Kubernetes Secret and its name
in the key vault.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator.environment import Environment

FOLDER = "/run/secrets/mlflow"
"""Where every container finds its secrets as files, with either provider."""

KUBERNETES_SECRET = "mlflow-secrets"  # noqa: S105
"""With sops, the one Kubernetes Secret; each workload mounts the items that it reads."""

_ALL = ("mlflow", "postgresql", "mlflow-backup")


def _always(_: Environment) -> bool:
    return True


def _nothing(_: Environment, __: str) -> str | None:
    return None


@dataclass(frozen=True)
class Secret:
    """One secret."""

    name: str
    purpose: str
    workloads: tuple[str, ...]
    length: int
    """Characters of a generated value, letters and digits. 0: only Azure can make it."""
    minimum: int
    """The fewest characters that work: MLflow's workers die of a shorter password."""
    needed: Callable[[Environment], bool] = _always
    problem: Callable[[Environment, str], str | None] = _nothing
    """What else is wrong with a value, in words that do not repeat it."""

    @property
    def generated(self) -> bool:
        """Whether a random value will do."""
        return self.length > 0


def _uses_account_key(environment: Environment) -> bool:
    return environment.apps.mlflow.artifacts.access == "account-key"


def _connection_string(environment: Environment, value: str) -> str | None:
    """A blank field is what `az` leaves behind when the account is not there yet."""
    fields = dict(part.partition("=")[::2] for part in value.split(";"))
    blank = [name for name in ("AccountName", "AccountKey") if not fields.get(name)]
    if blank:
        return f"{' and '.join(blank)} blank or missing in the connection string"
    account = environment.apps.mlflow.artifacts.account
    if fields["AccountName"] != account:
        return f"is of another storage account than apps.mlflow.artifacts.account, {account}"
    return None


TABLE = (
    Secret("admin-password", "MLflow's administrator", ("mlflow",), 32, 12),
    Secret("database-password", "PostgreSQL's role mlflow", _ALL, 32, 12),
    Secret("flask-secret-key", "signs MLflow's sessions", ("mlflow",), 64, 32),
    Secret(
        "storage-connection-string",
        "access to the blob containers",
        ("mlflow", "mlflow-backup"),
        length=0,
        minimum=1,
        needed=_uses_account_key,
        problem=_connection_string,
    ),
)


def needed(environment: Environment, workload: str | None = None) -> Iterator[Secret]:
    """Yield the secrets that an environment needs, or only those that `workload` reads."""
    for secret in TABLE:
        if secret.needed(environment) and workload in (None, *secret.workloads):
            yield secret


def workloads(environment: Environment) -> list[str]:
    """Return the workloads that read secrets, each under a service account of its own name."""
    backup = environment.apps.mlflow.backup
    return [workload for workload in _ALL if backup or workload != "mlflow-backup"]
