"""environments/<name>.yaml -> Environment."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from generator import yaml
from generator.environment import messages, rules, types
from generator.environment.model import Environment, Values
from generator.errors import GenError, Problem
from generator.yaml import Document

__all__ = ["FOLDER", "Environment", "load", "names", "path"]

FOLDER = PurePosixPath("environments")
_LARGEST = 1 << 18  # bytes; a real file has two thousand


def path(name: str) -> PurePosixPath:
    """Return an environment's file, from the repository's root."""
    return FOLDER / f"{name}.yaml"


def names(root: Path) -> list[str]:
    """Return the name of every environment of the repository, sorted."""
    return sorted(file.stem for file in (root / FOLDER).glob("*.yaml"))


def unread(root: Path) -> list[Problem]:
    """Return what is wrong with each file that looks like an environment's and is none."""
    files = sorted((root / FOLDER).glob("[!.]*"))
    return [
        Problem(FOLDER / file.name, None, _unread(file))
        for file in files
        if file.suffix != ".yaml" and file.suffix.lower() in (".yaml", ".yml")
    ]


def _unread(file: Path) -> str:
    right = file.with_suffix(".yaml")
    # Where case does not count, as on macOS, qa.YAML is qa.yaml.
    if right.exists() and not right.samefile(file):
        return f"is not read, for {right.name} is; remove one of them"
    return f"is not read; name it {right.name}"


def load(
    root: Path, chosen: Iterable[str] = (), texts: Mapping[str, str] | None = None
) -> list[Environment]:
    """Read and check the `chosen` environments, or all, and that no two act on one another.

    `texts` stand for files that are not written yet. Raises GenError with everything that is
    wrong in the chosen ones.
    """
    texts = texts or {}
    known = names(root)
    some = list(dict.fromkeys(chosen))
    wanted = some or known
    problems = [] if some else unread(root)
    if not wanted and not problems:
        raise GenError([Problem(FOLDER, None, "holds no environment; add one: gen new NAME")])
    loaded: dict[str, Environment] = {}
    for name in [*(name for name in known if name not in wanted), *wanted]:  # theirs come first
        try:
            loaded[name] = check(name, parse(name, texts.get(name) or text(root, name)))
        except GenError as error:
            problems += error.problems if name in wanted else ()
    for name, location, message in rules.between(loaded.values()):
        if name in wanted:
            document = parse(name, texts.get(name) or text(root, name))
            problems.append(_problem(name, document.line(location), location, message))
    if problems:
        raise GenError(problems)
    return [loaded[name] for name in wanted]


def text(root: Path, name: str) -> str:
    """Return what an environment's file holds. Raises GenError where it is no values file."""
    file = root / path(name)
    check_name(name)
    try:
        data = _bytes(file)
    except FileNotFoundError:
        if mine := [item for item in unread(root) if PurePosixPath(item.path).stem == name]:
            raise GenError(mine) from None
        known = ", ".join(names(root)) or "none yet"
        raise GenError(
            [Problem(path(name), None, f"no such environment; known: {known}")]
        ) from None
    except OSError as error:
        raise GenError([Problem(path(name), None, error.strerror or str(error))]) from None
    if findings := list(_unreadable(data)):
        raise GenError(Problem(path(name), line, message) for line, message in findings)
    return data.decode()


def check_name(name: str) -> None:
    """Raises GenError where `name` cannot be an environment's."""
    try:
        types.ENVIRONMENT_NAME.check(name)
    except ValueError as error:
        where = path(name) if name and "/" not in name else FOLDER  # / would lead elsewhere
        raise GenError([Problem(where, None, f"an environment's name: {error}")]) from None
    if name in _RESERVED:
        message = f"{name} is a folder of infra/; choose another name for the environment"
        raise GenError([Problem(path(name), None, message)])


def _bytes(file: Path) -> bytes:
    if file.is_symlink():
        raise OSError(None, "is a symbolic link; put the file itself here")
    if file.exists() and not file.is_file():
        raise OSError(None, "is no regular file; put a file here")
    with file.open("rb") as opened:
        return opened.read(_LARGEST + 1)


def _unreadable(data: bytes) -> Iterator[tuple[int | None, str]]:
    """What no text editor would write on purpose."""
    if len(data) > _LARGEST:
        yield None, f"is larger than {_LARGEST // 1024} KiB; this is no values file"
    elif data.startswith(b"\xef\xbb\xbf"):
        yield 1, 'starts with a byte-order mark; save it as "UTF-8 without BOM"'
    elif line := yaml.conflict(data.decode("utf-8", "replace")):
        yield line, "an unresolved merge conflict; keep what is right, and no line of <, = or >"
    else:
        yield from _lines(data)


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            found = _CONTROL.search(line.decode())
        except UnicodeDecodeError as error:
            yield number, f"column {error.start + 1}: not UTF-8; save the file as UTF-8"
            continue
        if found:
            character = f"U+{ord(found[0]):04X}"
            cure = "indent with spaces" if found[0] == "\t" else "remove it"
            yield (
                number,
                f"column {found.start() + 1}: a {_SPOKEN.get(found[0], character)}; {cure}",
            )


_CONTROL = re.compile("^ *\t|[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]|\r(?!$)")
_SPOKEN = {"\t": "tab"}
_RESERVED = ("facts", "lib")


def parse(name: str, text: str) -> Document:
    """Read one YAML mapping. Raises GenError with the file's lines."""
    try:
        document = yaml.read(text)
    except yaml.Invalid as error:
        raise GenError(
            Problem(path(name), line, message) for line, message in error.errors
        ) from None
    if not isinstance(document.values, dict):
        message = "must hold keys and values, as the other environments do"
        raise GenError([Problem(path(name), 1, message)])
    return document


def check(name: str, document: Document) -> Environment:
    """Return the typed environment. Raises GenError with every value that is wrong."""
    try:
        values = Values.model_validate(document.values)
    except ValidationError as error:
        raise GenError(
            _problem(name, document.line(location), location, message)
            for location, message in messages.findings(error, document)
        ) from None
    environment = Environment.model_construct(name=name, **dict(values))
    problems = [
        _problem(name, document.line(location), location, message)
        for location, message in rules.within(environment)
    ]
    if problems:
        raise GenError(problems)
    return environment


def _problem(name: str, line: int, location: yaml.Location, message: str) -> Problem:
    return Problem(path(name), line, f"{messages.key(location)}: {message}")
