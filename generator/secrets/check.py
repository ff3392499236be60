"""A store -> all that is wrong in it: without a key what anyone sees, with one the values."""

import shlex
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from generator.environment import Environment
from generator.errors import GenError, Problem
from generator.secrets import encrypted, store, values
from generator.secrets.sops import Sops
from generator.secrets.store import Store
from generator.secrets.table import TABLE, Secret


def problems(kept: Store, own: Collection[str], sops: Sops | None) -> Iterator[Problem]:
    """Yield all that is wrong; of the values only with `sops`, whose key has the public keys `own`.

    Of a damaged file, only the damage.
    """
    try:
        document, recipients = kept.document, kept.recipients
        yield from encrypted.problems(kept.path, kept.kept, document, recipients)
        yield from _missing(kept)
        if sops:
            openable(encrypted.recipients(document), own, sops.key)
            yield from _judged(kept, store.plain(kept, sops))
    except GenError as error:
        yield from error.problems


def notices(kept: Store, own: Collection[str], file: Path) -> Iterator[str]:
    """Yield what is no mistake, but should be known: unused secrets, and what was not checked."""
    try:
        found = encrypted.names(kept.document)
    except GenError:
        return
    needed = {secret.key for secret in kept.needed}
    for name in found:
        if name not in needed:
            index = shlex.quote(f'["data"]["{name}"]')
            yield f"{name} is not used any more; to remove it: sops unset {kept.path} {index}"
    values_too = "and values" if own else f"only; no age key in {file} to see the values with"
    count = f"{len(found)} secret{'s'[: len(found) != 1]}"
    yield f"{count}: structure {values_too} checked"


def openable(recipients: Collection[str], own: Collection[str], file: Path) -> None:
    """Raises GenError unless one of the keys `own`, in `file`, opens what is for `recipients`."""
    if own and set(own) & set(recipients):
        return
    held = f"the key of {', '.join(own)}" if own else "no age key"
    message = (
        f"holds {held}; these secrets are for {', '.join(recipients)}: let one of those "
        'run "gen secrets recipients add"'
    )
    raise GenError([Problem(file, None, message)])


def missing(kept: Store) -> list[Secret]:
    """Return the secrets that the environment needs and the file, if there is one, lacks."""
    found = encrypted.names(kept.document) if kept.exists else []
    return [secret for secret in kept.needed if secret.key not in found]


def cure(env: Environment, secret: Secret) -> str:
    """Return the command that adds a missing secret."""
    if secret.generated:
        return f"gen secrets init --env {env.name}"
    if secret.lines:
        return f"gen secrets set --env {env.name} --file {secret.name}=FILE"
    if secret.given:
        return f"gen secrets set --env {env.name} {secret.name}"
    return f"{_from_azure(env)} | gen secrets set --env {env.name} {secret.name}"


def _from_azure(env: Environment) -> str:
    """The command that prints the storage account's connection string."""
    words = ["az", "storage", "account", "show-connection-string"]
    words += [
        "--subscription",
        env.azure.subscription,
        "--resource-group",
        env.azure.resource_group,
    ]
    words += ["--name", env.apps.mlflow.artifacts.account]
    return shlex.join([*words, "--query", "connectionString", "--output", "tsv"])


def _missing(kept: Store) -> Iterator[Problem]:
    line = kept.document.line(("data",))
    for secret in missing(kept):
        message = f"data.{secret.key}: is missing; run: {cure(kept.environment, secret)}"
        yield Problem(kept.path, line, message)


def _judged(kept: Store, plain: Mapping[str, bytes]) -> Iterator[Problem]:
    """What is wrong with decrypted values."""
    found = [secret for secret in TABLE if secret.kept == kept.kept and secret.key in plain]
    given = {secret: plain[secret.key] for secret in found}
    for secret, message in values.wrong(kept.environment, given):
        line = kept.document.line(("data", secret.key))
        yield Problem(kept.path, line, f"data.{secret.key}: {message}")
