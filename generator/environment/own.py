"""The names that an environment must have for itself, made for a new owner or a new environment."""

import hashlib
import re

from generator.environment.edit import Value
from generator.environment.model import Environment
from generator.yaml import Location

ACCOUNT: Location = ("apps", "mlflow", "artifacts", "account")
KEY_VAULT: Location = ("secrets", "key_vault")
DNS_LABEL: Location = ("apps", "mlflow", "exposure", "dns_label")
_NAMED_AFTER: tuple[Location, ...] = (("azure", "resource_group"), ("cluster", "name"))

SUFFIX = re.compile(r"[a-z0-9]{4,8}")
"""What makes a name unique in all of Azure."""


def unique(environment: Environment, suffix: str) -> dict[Location, Value]:
    """Return the names that must be unique in all of Azure, with their owner's suffix."""
    name = environment.name
    names: dict[Location, Value] = {
        ACCOUNT: f"mlflow{name.replace('-', '')[: 18 - len(suffix)]}{suffix}"
    }
    if environment.secrets.key_vault:
        names[KEY_VAULT] = f"kv-mlflow-{name[: 13 - len(suffix)].strip('-')}-{suffix}"
    if environment.apps.mlflow.exposure.dns_label:
        names[DNS_LABEL] = f"mlflow-{name}-{suffix}"
    return names


def copied(source: Environment, name: str) -> dict[Location, Value]:
    """Return the names for a copy of `source` called `name`, in the manner of the source's."""
    account = source.apps.mlflow.artifacts.account
    ending = re.search(r"[0-9a-f]{8}$", account)
    suffix = ending[0] if ending else hashlib.sha256(f"{account} {name}".encode()).hexdigest()[:8]
    copy = source.model_copy(update={"name": name})
    named_after = {
        location: _renamed(str(_value(source, location)), source.name, name)
        for location in _NAMED_AFTER
    }
    return {**named_after, **unique(copy, suffix)}


def _renamed(text: str, old: str, new: str) -> str:
    """Put `new` where `text` names `old`, or behind it."""
    word = rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])"
    renamed, count = re.subn(word, new, text)
    return renamed if count else f"{text}-{new}"


def _value(environment: Environment, location: Location) -> object:
    value: object = environment
    for key in location:
        value = getattr(value, str(key))
    return value
