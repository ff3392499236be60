"""*.sops.yaml -> what anyone can tell of it, with no key: names, dates, recipients, damage.

Each is a Kubernetes Secret, the values of its `data` encrypted by sops.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from generator import yaml
from generator.errors import GenError, Problem
from generator.secrets.table import Kept
from generator.yaml import Document, Location

ENCRYPTED_REGEX = "^(data|stringData)$"
"""Which keys sops encrypts: names, dates and annotations stay readable."""

# Flux substitutes after it decrypts: a value that holds ${ would be rewritten.
_VERBATIM = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
_OUTLIVES = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
_CHANGED = "last-changed/"
_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,data:[^,\]]+,iv:[^,\]]+,tag:[^,\]]+,type:str\]")
_OPENING = "ENC[AES256_GCM,data:"
_RESTORE = "restore it from Git"

CUT = f"is cut short: no sops block at its end; {_RESTORE}"
"""What `is_cut` finds, in words."""


def secret(kept: Kept, values: Mapping[str, str], changed: str) -> dict[str, Any]:
    """Return the Secret for sops to encrypt: base64 `values`, made at the time `changed`."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": kept.name,
            "namespace": kept.namespace,
            "annotations": _annotations(kept) | {_CHANGED + name: changed for name in values},
        },
        "type": "Opaque",
        "data": dict(values),
    }


def _annotations(kept: Kept) -> dict[str, str]:
    return _VERBATIM | (_OUTLIVES if kept.outlives_its_file else {})


def assignments(name: str, value: str, changed: str) -> dict[Location, str]:
    """Return what sets one secret to a base64 `value`."""
    return {
        ("data", name): value,
        ("metadata", "annotations", _CHANGED + name): changed,
    }


def read(path: PurePosixPath, text: str) -> Document:
    """Parse an encrypted file. Raises GenError where it is damaged, with the way back."""
    if line := yaml.conflict(text):
        message = (
            "an unresolved merge conflict; take one side whole (git checkout --ours, or --theirs, "
            f'{path}), then repeat the other side\'s "gen secrets" command'
        )
        raise GenError([Problem(path, line, message)])
    try:
        document = yaml.read(text)
    except yaml.Invalid as error:
        line, message = error.errors[0]  # of a damage, the first line is where to look
        message = f"is damaged: {message.partition(';')[0]}; {_RESTORE}"
        raise GenError([Problem(path, line, message)]) from None
    problems = [Problem(path, None, message) for message in _damage(document)]
    if problems:
        raise GenError(problems)
    return document


def _damage(document: Document) -> Iterator[str]:
    """What is missing in a file that was cut short, or that sops never wrote."""
    if not isinstance(document.values, dict):
        yield f"is empty or no mapping; {_RESTORE}"
    elif "sops" not in document.values:
        plain = names(document) and not is_cut(document.values)
        yield (
            f"is not encrypted, or {CUT}, and rotate what stood in it as plain text"
            if plain
            else CUT
        )
    elif not _is_whole(document):
        yield f"is cut short: its sops block lacks its mac, version or recipients; {_RESTORE}"


def is_cut(values: object) -> bool:
    """Whether a Secret is the first part of an encrypted one: no value of it can be read."""
    if not isinstance(values, dict) or "sops" in values:
        return False
    groups = (values.get(key) for key in ("data", "stringData"))
    found = [text for group in groups if isinstance(group, dict) for text in group.values()]
    if not found:
        return False
    *before, last = (str(text or "") for text in found)
    opened = last.startswith(_OPENING) or _OPENING.startswith(last)
    return bool(before or last) and opened and all(map(_ENCRYPTED.fullmatch, before))


def _is_whole(document: Document) -> bool:
    """Whether the sops block has its recipients, and the two lines that sops writes last."""
    mac, version = _at(document, "sops", "mac"), _at(document, "sops", "version")
    return bool(
        recipients(document)
        and _ENCRYPTED.fullmatch(str(mac))
        and re.fullmatch(r"\d+\.\d+\.\d+", str(version))
    )


def names(document: Document) -> list[str]:
    """Return the names of the secrets, in the file's order."""
    return [name for key in ("data", "stringData") for name in _mapping(document, key)]


def recipients(document: Document) -> list[str]:
    """Return the age recipients whose keys open the file."""
    found = _at(document, "sops", "age")
    entries = found if isinstance(found, list) else []
    return [str(entry["recipient"]) for entry in entries if "recipient" in entry]


def changed(document: Document) -> dict[str, str]:
    """Return when `gen secrets` last changed each secret, as far as the file says."""
    annotations = _mapping(document, "metadata", "annotations")
    return {
        key.removeprefix(_CHANGED): str(value)
        for key, value in annotations.items()
        if key.startswith(_CHANGED)
    }


def unencrypted(path: PurePosixPath, document: Document) -> Iterator[Problem]:
    """Yield every field of an encrypted file that anybody can read."""
    for key, name in unencrypted_fields(document):
        line = document.line((key, name))
        yield Problem(path, line, f"{key}.{name}: {_unencrypted(_at(document, key, name))}")


def unencrypted_fields(document: Document) -> Iterator[Location]:
    """Yield where a value stands that sops should have encrypted."""
    for key in ("data", "stringData"):
        for name, value in _mapping(document, key).items():
            if not (isinstance(value, str) and _ENCRYPTED.fullmatch(value)):
                yield key, name


def problems(
    path: PurePosixPath, kept: Kept, document: Document, expected: Iterable[str]
) -> Iterator[Problem]:
    """Yield what is wrong with an encrypted file whose recipients should be those `expected`."""
    for location, value in _fixed(kept).items():
        if _at(document, *location) != value:
            where = ".".join(map(str, location))
            yield Problem(path, document.line(location), f"{where}: must be {value}")
    yield from unencrypted(path, document)
    if _mapping(document, "stringData"):
        line = document.line(("stringData",))
        yield Problem(path, line, "stringData: put these into data, in base64")
    yield from _recipients_differ(path, document, expected)


def _fixed(kept: Kept) -> dict[Location, str]:
    secret_ = secret(kept, {}, "")
    fixed: dict[Location, str] = {(key,): secret_[key] for key in ("apiVersion", "kind")}
    fixed |= {("metadata", key): secret_["metadata"][key] for key in ("name", "namespace")}
    annotations = _annotations(kept)
    return fixed | {("metadata", "annotations", key): text for key, text in annotations.items()}


def _unencrypted(value: object) -> str:
    if value in ("", None):
        return "is empty"
    return 'is not encrypted; count it as leaked and make a new one: "gen secrets rotate"'


def _recipients_differ(
    path: PurePosixPath, document: Document, expected: Iterable[str]
) -> Iterator[Problem]:
    actual, wanted = set(recipients(document)), set(expected)
    line = document.line(("sops", "age"))
    cure = '"gen secrets recipients" makes both the same'
    for recipient in sorted(actual - wanted):
        yield Problem(path, line, f"{recipient} opens it, but is not in .sops.yaml; {cure}")
    for recipient in sorted(wanted - actual):
        yield Problem(path, line, f"{recipient} is in .sops.yaml, but cannot open it; {cure}")


def _at(document: Document, *location: str | int) -> object:
    """What stands at `location`, or None."""
    value: Any = document.values
    for key in location:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _mapping(document: Document, *location: str) -> dict[str, object]:
    value = _at(document, *location)
    return value if isinstance(value, dict) else {}
