"""The secrets of an environment: what each is, how it is made, and who reads it.

A secret's name is its file's name in the containers, its key in the Kubernetes Secret and its name
in the key vault. Flux names the keys of its own ones itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator.environment import Environment
from generator.yaml import Location

FOLDER = "/run/secrets/mlflow"
"""Where every container finds its secrets as files, with either provider."""

KUBERNETES_SECRET = "mlflow-secrets"  # noqa: S105
"""With sops, the one Kubernetes Secret; each workload mounts the items that it reads."""
_TLS = ("apps", "mlflow", "exposure", "tls", "revision")  # PostgreSQL runs on
CERTIFICATE = "tls-certificate"
CERTIFICATE_KEY = "tls-key"

_ALL = ("mlflow", "postgresql", "mlflow-backup")

FLUX = "flux"
"""Who reads what no pod of MLflow's does."""


@dataclass(frozen=True)
class Kept:
    """A Kubernetes Secret, and with sops the encrypted file that it is in."""

    name: str
    namespace: str
    file: str
    """Below the environment's overlays."""
    key: str = ""
    """The one key that Flux reads; empty where each secret's name is its key."""

    @property
    def outlives_its_file(self) -> bool:
        """Whether it stays in the cluster without its file: what opens the database must."""
        return self is PODS


PODS = Kept(KUBERNETES_SECRET, "mlflow", "data/secrets.sops.yaml")
COMMIT_STATUS = Kept(
    "commit-status", "flux-system", "notifications/commit-status.sops.yaml", "token"
)
CHAT = Kept("chat", "flux-system", "notifications/chat.sops.yaml", "address")
KEPT = (PODS, COMMIT_STATUS, CHAT)


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
    """Characters of a generated value, letters and digits. 0: Azure makes it, or people do."""
    minimum: int
    """The fewest characters that work: MLflow's workers die of a shorter password."""
    needed: Callable[[Environment], bool] = _always
    problem: Callable[[Environment, str], str | None] = _nothing
    """What else is wrong with a value, in words that do not repeat it."""
    kept: Kept = PODS
    given: str = ""
    """What people are to bring; empty where `gen` or Azure makes it."""
    lines: bool = False
    """Whether it is a text of several lines, such as a PEM file."""
    revision: Location = ("secrets", "revision")
    """The value that is raised with a new one, so that the pods that read it restart."""

    @property
    def generated(self) -> bool:
        """Whether a random value will do."""
        return self.length > 0

    @property
    def key(self) -> str:
        """Its key in the Kubernetes Secret."""
        return self.kept.key or self.name

    @property
    def variable(self) -> str:
        """What names its file to the provisioning script, which hands it to Flux or the vault."""
        return f"{self.name.upper().replace('-', '_')}_FILE"


def _uses_account_key(environment: Environment) -> bool:
    return environment.apps.mlflow.artifacts.access == "account-key"


def _sets_commit_status(environment: Environment) -> bool:
    return environment.notifications.commit_status != "none"


def _writes_to_chat(environment: Environment) -> bool:
    return environment.notifications.chat != "none"


def _webhook(_: Environment, value: str) -> str | None:
    return None if value.startswith("https://") else "is no https:// address"


def _uses_tls(environment: Environment) -> bool:
    return environment.apps.mlflow.exposure.tls is not None


def _certificate(environment: Environment, value: str) -> str | None:
    from generator.secrets import certificate

    tls = environment.apps.mlflow.exposure.tls
    return certificate.problem(value, *environment.hosts) if tls else None


def _key(_: Environment, value: str) -> str | None:
    from generator.secrets import certificate

    return certificate.problem_of_key(value)


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
    Secret(
        "commit-status-token",
        "sets the status of commits",
        (FLUX,),
        length=0,
        minimum=20,
        needed=_sets_commit_status,
        kept=COMMIT_STATUS,
        given="a token that may set the status of commits, and nothing else",
    ),
    Secret(
        "chat-webhook",
        "the address that takes messages for the chat",
        (FLUX,),
        length=0,
        minimum=20,
        needed=_writes_to_chat,
        problem=_webhook,
        kept=CHAT,
        given="the address that the chat made for incoming messages",
    ),
    Secret(
        CERTIFICATE,
        "what MLflow's clients see, and its authorities",
        ("mlflow",),
        length=0,
        minimum=1,
        needed=_uses_tls,
        problem=_certificate,
        revision=_TLS,
        lines=True,
        given="the certificate of the server's name, as PEM, and behind it its authorities'",
    ),
    Secret(
        CERTIFICATE_KEY,
        "the certificate's private key",
        ("mlflow",),
        length=0,
        minimum=1,
        needed=_uses_tls,
        problem=_key,
        revision=_TLS,
        lines=True,
        given="the key of that certificate, as PEM, and not encrypted",
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


def kept(environment: Environment) -> list[Kept]:
    """Return the Kubernetes Secrets that an environment's secrets stand in."""
    return list(dict.fromkeys(secret.kept for secret in needed(environment)))
