"""Changed paths -> the environments that they may change."""

from collections.abc import Iterable
from pathlib import PurePosixPath

SHARED = "*"
"""Stands for every environment."""


def reached(paths: Iterable[PurePosixPath], known: Iterable[str]) -> list[str]:
    """Return those of the `known` environments that any of the paths may change, in their order."""
    known = list(known)
    owners = {owner(path, known) for path in paths}
    return [name for name in known if owners & {name, SHARED}]


def owner(path: PurePosixPath, known: Iterable[str]) -> str:
    """Return the environment that a path is of; SHARED for all, and "" for none."""
    match path.parts:
        case ("environments", file) if file.endswith(".yaml"):
            return file.removesuffix(".yaml")
        case ("clusters", name, *_) | ("infra", name, _, *_) if name in known:
            return name
        case ("apps", _, "overlays", name, *_) if name in known:
            return name
        case ("apps", *_) | ("infra", "facts", *_):
            return SHARED
    return ""
