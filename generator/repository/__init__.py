"""list[File] -> list[Change] -> disk.

Only files with the marker are overwritten or deleted, and only inside the folders that the caller
owns. Nothing is written before everything is known.
"""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator import files
from generator.errors import GenError, Problem
from generator.files import MARKER, TEMPORARY, File


@dataclass(frozen=True)
class Change:
    """How a file on disk differs from the one that is rendered.

    Created: `before` is None. Deleted: `after` is None.
    """

    path: PurePosixPath
    before: str | None
    after: File | None

    @property
    def verb(self) -> str:
        """What happens to the file: create, update or delete."""
        return "create" if self.before is None else "update" if self.after else "delete"

    def diff(self) -> str:
        """Return the change as `diff -u` shows it, /dev/null standing for no file."""
        before, after = self.before or "", self.after.text if self.after else ""
        if before == after:
            return f"{self.path}: becomes executable\n"
        return "".join(
            difflib.unified_diff(
                before.splitlines(keepends=True),
                after.splitlines(keepends=True),
                "/dev/null" if self.before is None else f"a/{self.path}",
                "/dev/null" if self.after is None else f"b/{self.path}",
            )
        )


def changes(root: Path, rendered: Iterable[File], owned: Iterable[PurePosixPath]) -> list[Change]:
    """Compare with the disk; a generated file in an owned folder but not in `rendered` goes.

    Raises GenError for every file that stands where a generated one belongs.
    """
    wanted = {file.path: file for file in rendered}
    found = {path: text for folder in owned for path, text in _generated(root, folder)}
    problems = [
        Problem(path, None, problem)
        for path in wanted
        if path not in found and (problem := _in_the_way(root, path))
    ]
    if problems:
        raise GenError(problems)
    updates = [
        Change(path, found.get(path), file)
        for path, file in wanted.items()
        if file.text != found.get(path) or (file.executable and not os.access(root / path, os.X_OK))
    ]
    deletions = [Change(path, text, None) for path, text in found.items() if path not in wanted]
    return sorted(updates + deletions, key=lambda change: change.path)


def writes(root: Path, texts: Mapping[PurePosixPath, str]) -> list[Change]:
    """Return what makes files that carry no marker hold `texts`, in that order."""
    changes = []
    for path, text in texts.items():
        file = root / path
        before = file.read_bytes().decode() if file.is_file() else None
        if before != text:
            changes.append(Change(path, before, File(path, text)))
    return changes


def folders(root: Path, globs: Iterable[str]) -> list[PurePosixPath]:
    """Return the folders, from the repository's root, that match any of `globs`."""
    return [
        PurePosixPath(folder.relative_to(root))
        for glob in globs
        for folder in sorted(root.glob(glob))
        if folder.is_dir()
    ]


def _generated(root: Path, folder: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    """Every marked file below `folder` and its text. Links are not followed."""
    if any((root / part).is_symlink() for part in (folder, *folder.parents)):
        raise GenError(
            [Problem(folder, None, "is a symbolic link; gen writes only to real folders")]
        )
    for directory, _, names in os.walk(root / folder):
        for name in names:
            path = Path(directory, name)
            text = None if path.is_symlink() else _marked_text(path)
            if text is not None:
                yield PurePosixPath(path.relative_to(root)), text


def _marked_text(path: Path) -> str | None:
    """A generated file's text, or None for a file that is not ours."""
    if path.name.endswith(TEMPORARY):
        return ""  # left by an interrupted run
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = text.split("\n", 2)[:2]
    return text if any(line.startswith(MARKER) for line in lines) else None


def _in_the_way(root: Path, path: PurePosixPath) -> str | None:
    """Why `path`, which holds no generated file, cannot be written."""
    if (root / path).is_dir() and not (root / path).is_symlink():
        return "is a directory where gen writes a file; move it away"
    if os.path.lexists(root / path):
        return "is not gen's (no marker on its first lines); move it away, then render again"
    blocker = next((part for part in path.parents if (root / part).exists()), path)
    if not (root / blocker).is_dir():
        return f"cannot be written: {blocker} is a file; move it away"
    if not os.access(root / blocker, os.W_OK):
        return f"cannot be written: {blocker} is not writable; chmod u+w {blocker}"
    return None


def apply(root: Path, changes: Iterable[Change]) -> None:
    """Make the changes, each file by one rename, so that it is old or new and never half.

    Raises GenError when the disk refuses; what was written before stays, and running again
    finishes the work.
    """
    for done, change in enumerate(changes):
        try:
            _apply(root, change)
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"could not be written: {reason}; {done} files before it were. Run again"
            raise GenError([Problem(change.path, None, message)]) from None


def _apply(root: Path, change: Change) -> None:
    target = root / change.path
    if change.after is None:
        target.unlink()
        _remove_empty(target.parent, root)
        return
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
    files.replace(target, change.after.text, executable=change.after.executable)


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove `folder` and its parents below `root` as long as they are empty."""
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
