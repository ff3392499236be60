"""Environment -> the three settings of a client. The password is a command, never a value."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from generator import render
from generator.environment import Environment, types
from generator.local.server import Server

URI, USERNAME, PASSWORD = (f"MLFLOW_TRACKING_{name}" for name in ("URI", "USERNAME", "PASSWORD"))
"""The variables that MLflow's clients read."""
KUBECTL = ("kubectl", "--namespace", "mlflow")
_SECRET = "admin-password"  # noqa: S105 - its name


@dataclass(frozen=True)
class Value:
    """A text, and what a command prints after it."""

    text: str = ""
    command: tuple[str, ...] = ()
    base64: bool = False
    """Whether the command prints it in base64."""


@dataclass(frozen=True)
class Settings:
    """MLFLOW_TRACKING_URI, and MLFLOW_TRACKING_USERNAME and _PASSWORD where they are needed."""

    uri: Value
    username: Value | None = None
    password: Value | None = None

    @property
    def variables(self) -> dict[str, Value]:
        """The environment variables."""
        values = {
            URI: self.uri,
            USERNAME: self.username,
            PASSWORD: self.password,
        }
        return {name: value for name, value in values.items() if value}


def of(env: Environment) -> Settings:
    """Return an environment's settings."""
    return Settings(
        Value(url) if (url := address(env)) else Value("http://", _looked_up()),
        Value(env.apps.mlflow.auth.admin),
        _vault_password(env) if env.secrets.provider == "key-vault" else _sops_password(env),
    )


def of_local(server: Server) -> Settings:
    """Return the settings of a server on this machine."""
    if server.user is None or server.password is None:
        return Settings(Value(server.url))
    return Settings(
        Value(server.url), Value(server.user), Value(command=("cat", str(server.password)))
    )


def address(env: Environment) -> str | None:
    """Return the server's address, or None where only the cluster knows it."""
    scheme = "https" if env.apps.mlflow.exposure.tls else "http"
    return f"{scheme}://{env.public_name}" if env.public_name else None


def leads_to(env: Environment, url: str) -> bool:
    """Whether an address is one of the server's further names."""
    try:
        return types.host(urlsplit(url).netloc) in env.apps.mlflow.exposure.hosts
    except ValueError:
        return False


def _looked_up() -> tuple[str, ...]:
    """What prints an address that Azure chose: a public one without a name, or an internal one."""
    service = ("get", "service", "mlflow", "--output")
    return (*KUBECTL, *service, "jsonpath={.status.loadBalancer.ingress[0].ip}")


def _vault_password(env: Environment) -> Value:
    command = ["az", "keyvault", "secret", "show", "--subscription", env.azure.subscription]
    command += ["--vault-name", str(env.secrets.key_vault), "--name", _SECRET]
    return Value(command=(*command, "--query", "value", "--output", "tsv"))


def _sops_password(env: Environment) -> Value:
    # Quoted like this, no shell's quotes get in the way.
    index = f"['data']['{_SECRET}']"
    file = str(render.secrets(env))
    return Value(command=("sops", "decrypt", "--extract", index, file), base64=True)
