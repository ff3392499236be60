"""Environment -> every file it owns. Pure: no disk, clock, network or randomness."""

from collections.abc import Collection
from pathlib import PurePosixPath

from generator.environment import Environment
from generator.files import File
from generator.render import apps_mlflow, clusters, infra, notifications
from generator.secrets import table

OWNED = ("apps/mlflow/overlays/{name}", "clusters/{name}", "infra/{name}")
"""The folders that an environment owns, as globs; `{name}` is the environment's."""


def files(env: Environment, *, encrypted: Collection[PurePosixPath]) -> list[File]:
    """Return the environment's files. `encrypted`: the encrypted files that are there."""
    return [
        *apps_mlflow.files(env, encrypted=secrets(env) in encrypted),
        *notifications.files(env, encrypted),
        *clusters.files(env),
        *infra.files(env),
    ]


def secrets(env: Environment, kept: table.Kept = table.PODS) -> PurePosixPath:
    """Return the encrypted file that `gen secrets` makes for an environment with sops."""
    return apps_mlflow.folder(env) / kept.file
