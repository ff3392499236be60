"""Environment -> every file it owns. Pure: no disk, clock, network or randomness."""

from pathlib import PurePosixPath

from generator.environment import Environment
from generator.files import File
from generator.render import apps_mlflow, clusters, infra

OWNED = ("apps/mlflow/overlays/{name}", "clusters/{name}", "infra/{name}")
"""The folders that an environment owns, as globs; `{name}` is the environment's."""


def files(env: Environment, *, encrypted: bool) -> list[File]:
    """Return the environment's files. `encrypted`: whether `secrets(env)` is there."""
    return [
        *apps_mlflow.files(env, encrypted=encrypted),
        *clusters.files(env),
        *infra.files(env),
    ]


def secrets(env: Environment) -> PurePosixPath:
    """Return the encrypted file that `gen secrets` makes for an environment with sops."""
    return apps_mlflow.folder(env) / "data" / apps_mlflow.ENCRYPTED
