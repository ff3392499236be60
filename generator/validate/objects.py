"""YAML text -> the Kubernetes objects in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from generator import yaml
from generator.errors import GenError, Problem
from generator.validate import fields
from generator.validate.fields import Fields

_LARGEST = 1 << 20  # bytes; the API server takes no larger object


@dataclass(frozen=True, eq=False)
class Object:
    """One object as the cluster gets it."""

    path: PurePosixPath
    """The file that it stands in, or the folder that kustomize built it from."""
    values: Fields
    text: str

    @property
    def kind(self) -> str:
        """Its kind, such as Deployment."""
        return fields.text(self.values, "kind")

    @property
    def group(self) -> str:
        """Its API group; empty for the core's."""
        return fields.text(self.values, "apiVersion").rpartition("/")[0]

    @property
    def name(self) -> str:
        """Its name."""
        return fields.text(self.values, "metadata", "name")

    @property
    def namespace(self) -> str:
        """Its namespace; empty where it names none."""
        return fields.text(self.values, "metadata", "namespace")

    @property
    def is_flux(self) -> bool:
        """Whether its kind comes with Flux."""
        return self.group.endswith(".toolkit.fluxcd.io")

    @property
    def is_encrypted(self) -> bool:
        """Whether sops encrypted it."""
        return bool(fields.mapping(self.values, "sops"))

    def problem(self, field: str, message: str) -> Problem:
        """Return a problem of one of its fields."""
        return Problem(self.path, None, f"{self.kind}/{self.name}: {field}: {message}")

    def marked(self, key: str) -> str:
        """Return what Flux reads `key` as: an annotation or a label."""
        metadata = fields.mapping(self.values, "metadata")
        key = f"kustomize.toolkit.fluxcd.io/{key}"
        return fields.text(metadata, "annotations", key) or fields.text(metadata, "labels", key)


def load(root: Path, path: PurePosixPath) -> list[Object]:
    """Return the objects of a file. Raises GenError with everything in it that is none."""
    return read(path, source(root, path))


def source(root: Path, path: PurePosixPath) -> str:
    """Return what a manifest holds. Raises GenError where it is none."""
    try:
        with (root / path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise GenError([Problem(path, None, error.strerror or str(error))]) from None
    if len(data) > _LARGEST:
        message = "is larger than 1 MiB; Kubernetes takes no object of that size"
        raise GenError([Problem(path, None, message)])
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GenError([Problem(path, line, "not UTF-8; save the file as UTF-8")]) from None
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        message = f"holds the control character U+{ord(found[0]):04X}; remove it"
        raise GenError([Problem(path, line, message)])
    return text


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read(path: PurePosixPath, text: str) -> list[Object]:
    """Return the objects of a text. Raises GenError with everything in it that is none."""
    objects: list[Object] = []
    problems: list[Problem] = []
    for line, document in yaml.split(text):
        try:
            values = yaml.read(document).values
        except yaml.Invalid as error:
            problems += (
                Problem(path, line + where - 1, message) for where, message in error.errors
            )
            continue
        if values is None:
            continue
        if missing := list(_missing(values)):
            message = f"is no Kubernetes object: {', '.join(missing)} is missing"
            problems.append(Problem(path, line, message))
        elif isinstance(values, dict):
            objects.append(Object(path, values, document))
    if problems:
        raise GenError(problems)
    return objects


def _missing(values: Any) -> Iterator[str]:
    for field in (("apiVersion",), ("kind",), ("metadata", "name")):
        if not fields.text(values, *field):
            yield ".".join(field)
