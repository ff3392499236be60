"""An environment -> its own manifests' PostgreSQL and MLflow, and Azurite, on this machine.

Commands, arguments, settings and files are those that kustomize builds from the environment's
overlays. What cannot be the same is here, and in `containers` the paths: addresses are on the
loopback interface, Azurite stands for the storage account, and there is one replica.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex

from generator import programs, render
from generator.environment import Environment
from generator.local import azurite, containers, pods, ports, postgresql
from generator.local.data import Data
from generator.local.pods import Machine
from generator.local.processes import Processes, Running
from generator.local.server import Server
from generator.secrets import table, values
from generator.validate import kustomize, objects
from generator.validate.objects import Object

_CONNECTION = "storage-connection-string"


@dataclass(frozen=True)
class Ports:
    """Where the three servers listen."""

    mlflow: int
    postgresql: int
    azurite: int


@contextmanager
def ports_held(mlflow: int) -> Iterator[Ports]:
    """Hold what is needed besides MLflow's own port."""
    with ports.held() as database, ports.held() as storage:
        yield Ports(mlflow, database, storage)


@dataclass(frozen=True)
class Like:
    """All that the parts of one such server need."""

    env: Environment
    root: Path
    """The repository."""
    data: Data
    folder: Path
    """Goes when the processes have gone: the pods' own disks."""
    ports: Ports
    processes: Processes
    say: programs.Say

    def start(self) -> Server:
        """Start everything; return when MLflow answers."""
        connection = self._storage()
        secrets = self._secrets() | {_CONNECTION: connection}
        self.database(secrets)
        self.server(secrets)
        admin = self.env.apps.mlflow.auth.admin
        password = self.data.secret_file("admin-password")
        return Server(self.processes, self.ports.mlflow, self.data.folder, admin, password).wait()

    @property
    def _tool(self) -> str:
        return self.env.apps.mlflow.image.series.tool

    def _storage(self) -> str:
        """Start Azurite as the environment's storage account; return how to connect."""
        artifacts = self.env.apps.mlflow.artifacts
        key = self.data.secret("azurite-key", partial(token_hex, 32))  # which is also base64
        folder = self.data.folder / "azurite"
        azurite.start(
            self.processes, self.root, folder, artifacts.account, key, self.ports.azurite, self.say
        )
        connection = azurite.connection_string(artifacts.account, key, self.ports.azurite)
        python = programs.find(self.root, self._tool, "python", say=self.say)
        azurite.make_container(self.processes, python, connection, artifacts.container)
        return connection

    def _secrets(self) -> dict[str, str]:
        """The environment's secrets, but for their values: those are made here and stay here."""
        return {
            secret.name: self.data.secret(secret.name, partial(values.random, secret))
            for secret in table.needed(self.env)
            if secret.generated
        }

    def database(self, secrets: Mapping[str, str]) -> Running:
        """Start PostgreSQL."""
        pod = containers.pod(self._built("data"), "StatefulSet", "postgresql")
        native = postgresql.install(self.root, self.say)
        port = self.ports.postgresql
        machine = Machine(
            folder=self.folder / pod.name,
            programs=(native / "bin",),
            claims=self.data.folder,
            secrets=_of(self.env, pod.name, secrets),
            prefix=postgresql.prefix(),
            # Its own settings say "every address"; a socket's path here might be too long.
            arguments=tuple(
                f"--{key}={value}"
                for key, value in {
                    "listen_addresses": ports.HOST,
                    "port": port,
                    "unix_socket_directories": "",
                }.items()
            ),
            stop="INT",  # pg_ctl's "fast", as in the preStop hook
        )
        return pods.start(self.processes, pod, machine)

    def server(self, secrets: Mapping[str, str]) -> Running:
        """Start MLflow. Raises Ended where its initial container fails."""
        pod = containers.pod(self._built("server"), "Deployment", "mlflow")
        machine = Machine(
            folder=self.folder / pod.name,
            programs=(programs.install(self.root, self._tool, say=self.say) / "bin",),
            claims=self.data.folder,
            secrets=_of(self.env, pod.name, secrets) | {_CONNECTION: secrets[_CONNECTION]},
            environment={
                "PGHOST": ports.HOST,
                "PGPORT": str(self.ports.postgresql),
                "GUNICORN_CMD_ARGS": f"--bind={ports.HOST}:{self.ports.mlflow}",
                "UVICORN_HOST": ports.HOST,
                "UVICORN_PORT": str(self.ports.mlflow),
                "UVICORN_SSL_CERTFILE": "",
                "UVICORN_SSL_KEYFILE": "",
                "TLS_HOST": "",  # the certificate is not for this machine
                # Azurite knows no identities of Azure.
                "ARTIFACTS_ACCESS": "account-key",
            },
        )
        return pods.start(self.processes, pod, machine)

    def _built(self, part: str) -> Sequence[Object]:
        """What kustomize builds from one of the environment's overlays."""
        program = programs.find(self.root, "kustomize", say=self.say)
        folder = render.apps_mlflow.folder(self.env) / part
        return objects.read(folder, kustomize.build(program, self.root, folder))


def _of(env: Environment, workload: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """Those secrets that the workload mounts."""
    names = {secret.name for secret in table.needed(env, workload)}
    return {name: value for name, value in secrets.items() if name in names}
