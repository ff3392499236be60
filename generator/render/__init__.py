"""Environment -> every file it owns. Pure: no disk, clock, network or randomness."""

from pathlib import PurePosixPath

from generator.environment import Environment
from generator.files import File

OWNED = ("apps/*/overlays/{name}", "clusters/{name}", "infra/{name}")
"""The folders that an environment owns, as globs; `{name}` is the environment's."""


def files(environment: Environment, *, encrypted: bool) -> list[File]:
    """Return the environment's files. `encrypted`: whether `secrets(environment)` is there."""
    return []


def secrets(environment: Environment) -> PurePosixPath:
    """Return the encrypted file that `gen secrets` makes for an environment with sops."""
    return PurePosixPath("apps/mlflow/overlays", environment.name, "data/secrets.sops.yaml")
