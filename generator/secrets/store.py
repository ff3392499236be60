"""An encrypted file of an environment with sops: what is in the repository -> what should be.

Each function returns a new Store; nothing is written here. Plain values are bytes in memory, on
their way between the caller and sops.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from generator import environment, render
from generator.environment import Environment
from generator.errors import GenError, Problem
from generator.render import infra
from generator.secrets import encrypted, rules, table
from generator.secrets.sops import Sops
from generator.secrets.table import Kept, Secret
from generator.yaml import Document


@dataclass(frozen=True)
class Store:
    """.sops.yaml and a Kubernetes Secret's encrypted file, as text."""

    environment: Environment
    kept: Kept
    rules: str
    """Empty where there is no .sops.yaml."""
    text: str | None
    """None where there is no file: one that was emptied is not to be made anew."""

    @property
    def path(self) -> PurePosixPath:
        """The encrypted file."""
        return render.secrets(self.environment, self.kept)

    @property
    def exists(self) -> bool:
        """Whether the encrypted file is there, be it empty or damaged."""
        return self.text is not None

    @property
    def needed(self) -> list[Secret]:
        """The secrets that should stand in it."""
        return [one for one in table.needed(self.environment) if one.kept == self.kept]

    @property
    def document(self) -> Document:
        """What the encrypted file says. Raises GenError where it is damaged or not there."""
        if self.text is None:
            name = self.environment.name
            message = f'is not there; run "gen secrets init --env {name}"'
            raise GenError([Problem(self.path, None, message)])
        return encrypted.read(self.path, self.text)

    @property
    def recipients(self) -> list[str]:
        """Who may decrypt, by .sops.yaml."""
        return rules.recipients(self.rules, self.path)


def of(env: Environment, root: Path, kept: Kept = table.PODS) -> Store:
    """Read what the repository holds. Raises GenError for a key vault: then it holds nothing."""
    if env.secrets.provider == "key-vault":
        raise GenError([_elsewhere(env, kept)])
    store = Store(env, kept, rules=_text(root, rules.PATH) or "", text=None)
    return replace(store, text=_text(root, store.path))


def all_of(env: Environment, root: Path) -> list[Store]:
    """Read the file of each Kubernetes Secret that the environment needs, MLflow's first."""
    return [of(env, root, kept) for kept in table.kept(env)]


def _elsewhere(env: Environment, kept: Kept) -> Problem:
    if kept.key:
        (secret,) = (one for one in table.needed(env) if one.kept == kept)
        message = (
            f"secrets.provider: key-vault, which Flux does not read; "
            f'"{secret.variable}=PATH {infra.script(env.name)} apply" hands it to Flux'
        )
        return Problem(environment.path(env.name), None, message)
    vault = env.secrets.key_vault
    message = (
        f"secrets.provider: key-vault, so they are in {vault} and not here; "
        f'"{infra.script(env.name)} apply" makes what is missing, and "az keyvault secret set '
        f'--vault-name {vault} --file /dev/stdin --encoding utf-8 --name NAME" takes a value'
    )
    return Problem(environment.path(env.name), None, message)


def _text(root: Path, path: PurePosixPath) -> str | None:
    """What a file holds, or None where there is none."""
    try:
        return (root / path).read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8; restore it from Git"
        raise GenError([Problem(path, None, message)]) from None
    except OSError as error:
        raise GenError([Problem(path, None, error.strerror or str(error))]) from None


def changes(before: Store, after: Store) -> dict[PurePosixPath, str]:
    """Return the files that differ, in the order to write them."""
    texts = {rules.PATH: (before.rules, after.rules), after.path: (before.text, after.text)}
    return {path: new for path, (old, new) in texts.items() if new is not None and new != old}


def with_rule(store: Store, keys: Iterable[str]) -> Store:
    """Return a store whose .sops.yaml has a rule for it, for `keys` where it was missing."""
    if store.recipients:
        return store
    return replace(store, rules=rules.add(store.rules, store.path, keys))


def with_values(store: Store, sops: Sops, values: Mapping[str, str], now: str) -> Store:
    """Return a store with new plain `values`; the others keep their bytes."""
    if not values:
        return store
    coded = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    if store.text is not None:
        locations = {
            location: text
            for name, value in coded.items()
            for location, text in encrypted.assignments(name, value, now).items()
        }
        return replace(store, text=sops.assign(store.path, store.text, locations))
    return _checked(
        replace(
            store,
            text=sops.encrypt(store.rules, store.path, encrypted.secret(store.kept, coded, now)),
        )
    )


def _checked(store: Store) -> Store:
    """Refuse what another's rule in .sops.yaml makes of our file."""
    problems = list(encrypted.problems(store.path, store.kept, store.document, store.recipients))
    if problems:
        raise GenError(problems)
    return store


def with_recipients(store: Store, sops: Sops, keys: list[str]) -> Store:
    """Return a store that exactly `keys` open: .sops.yaml says so and the file is re-encrypted."""
    document = store.document
    had = encrypted.recipients(document)
    add = [key for key in keys if key not in had]
    remove = [key for key in had if key not in keys]
    text = sops.reencrypt(store.path, document.text, add, remove) if add or remove else store.text
    text_rules = rules.assign(store.rules, store.path, keys)
    return _checked(replace(store, rules=text_rules, text=text))


def plain(store: Store, sops: Sops) -> dict[str, bytes]:
    """Return the decrypted values. Raises GenError for one that is no base64."""
    data = sops.decrypt(store.path, store.document.text).get("data") or {}
    values: dict[str, bytes] = {}
    problems = []
    for name, text in data.items():
        try:
            values[name] = base64.b64decode(text, validate=True)
        except (binascii.Error, TypeError, ValueError):
            line = store.document.line(("data", name))
            problems.append(Problem(store.path, line, f"data.{name}: is not in base64"))
    if problems:
        raise GenError(problems)
    return values
