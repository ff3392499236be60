"""Objects and sets of schemas -> what the schemas say of each object."""

import difflib
import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import yaml
from generator.errors import GenError, Problem
from generator.validate import fields, schemas
from generator.validate.objects import Object


@dataclass(frozen=True)
class Finding:
    """What is wrong with one object's field."""

    object: Object
    field: str
    message: str


def judge(program: Path, sets: Sequence[Path], objects: Iterable[Object]) -> list[Finding]:
    """Check every object, in one run: strict, without the network, and no kind left out."""
    texts: dict[str, list[Object]] = {}
    for item in objects:
        texts.setdefault(_text(item), []).append(item)
    alike = list(texts.values())  # environments share most of what they are made of
    return [
        Finding(item, field, message)
        for result in _run(program, sets, list(texts))
        for item in (alike[int(Path(result["filename"]).stem)])
        for field, message in _findings(result, item, sets)
    ]


def _text(item: Object) -> str:
    """The object as the API server gets it: Flux decrypts, and so takes away what sops added."""
    if not item.is_encrypted:
        return item.text
    return yaml.dump({key: value for key, value in item.values.items() if key != "sops"})


def _run(program: Path, sets: Sequence[Path], texts: Sequence[str]) -> list[dict[str, Any]]:
    """One file an object, its number its name: the results come in no order."""
    if not texts:
        return []
    locations = [f"--schema-location={folder}/{schemas.LAYOUT}" for folder in sets]
    with tempfile.TemporaryDirectory(prefix="gen-") as folder:
        for number, text in enumerate(texts):
            Path(folder, f"{number}.yaml").write_text(text, "utf-8")
        result = subprocess.run(
            [program, "-strict", "-output=json", *(location[1:] for location in locations), folder],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    try:
        resources: list[dict[str, Any]] = json.loads(result.stdout)["resources"]
    except (ValueError, LookupError):
        said = " ".join((result.stderr or result.stdout).split())
        raise GenError([Problem(program, None, f"failed: {said}")]) from None
    return resources


def _findings(
    result: dict[str, Any], item: Object, sets: Sequence[Path]
) -> Iterator[tuple[str, str]]:
    """Each field that one result complains of, and how."""
    if result["status"] == "statusInvalid":
        yield from _invalid(result["msg"], item, sets)
    elif "could not find schema" in result["msg"]:
        kind = f"{fields.text(item.values, 'apiVersion')} {item.kind}"
        cure = f"put its CustomResourceDefinition into {schemas.EXTRA}/"
        yield "kind", f"no schema for {kind}; {cure}"
    else:
        yield "object", " ".join(result["msg"].rpartition("errors:")[2].split())


# kubeconform gives its findings as one line: - at '/spec/replicas': got string, want integer
_ONE = re.compile(r"\s+- at '((?:[^'\\]|\\.)*)': ")
_PARENTS = re.compile(r"validation failed|'(all|any|one)Of' failed.*")
_KINDS = re.compile(r"got (\w+), want (?:null or )?(\w+)")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")


def _invalid(message: str, item: Object, sets: Sequence[Path]) -> Iterator[tuple[str, str]]:
    parts = _ONE.split(message)
    wanted: dict[tuple[str, str], list[str]] = {}
    for pointer, said in zip(parts[1::2], parts[2::2], strict=True):
        location = [_unescaped(key) for key in pointer.split("/")[1:]]
        if kinds := _KINDS.fullmatch(said):  # one finding for each kind that the field could be
            wanted.setdefault((_field(location), kinds[1]), []).append(kinds[2])
        elif not _PARENTS.fullmatch(said):
            yield from _spoken(location, said, item, sets)
    for (field, actual), kinds_ in wanted.items():
        yield field, f"must be {' or '.join(kinds_)}, not {actual}"


def _unescaped(key: str) -> str:
    return re.sub(r"\\(.)", r"\1", key).replace("~1", "/").replace("~0", "~")


def _field(location: Iterable[str]) -> str:
    text = ""
    for key in location:
        text += f"[{key}]" if key.isdecimal() else f".{key}" if text else key
    return text or "object"


def _spoken(
    location: list[str], said: str, item: Object, sets: Sequence[Path]
) -> Iterator[tuple[str, str]]:
    """A finding in the words of the rest of gen."""
    names = [_unescaped(name) for name in _QUOTED.findall(said)]
    if said.startswith("additional properties"):
        known = _known(location, item, sets)
        for name in names:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield _field([*location, name]), f"unknown field{hint}"
    elif said.startswith(("missing property", "missing properties")):
        for name in names:
            yield _field([*location, name]), "is missing"
    else:
        yield _field(location), said


def _known(location: Iterable[str], item: Object, sets: Sequence[Path]) -> list[str]:
    """The fields that the object's schema knows at `location`."""
    version = fields.text(item.values, "apiVersion").rpartition("/")[2]
    name = f"{item.group or version}/{item.kind.lower()}_{version}.json"
    schema = json.loads(
        next(file for folder in sets if (file := folder / name).exists()).read_text()
    )
    node = schema
    for key in location:
        inside = fields.mapping(node, "properties", key) or fields.mapping(node, "items")
        node = inside or fields.mapping(node, "additionalProperties")
        if reference := fields.text(node, "$ref"):
            node = schema["$defs"][reference.rpartition("/")[2]]
    return list(fields.mapping(node, "properties"))
