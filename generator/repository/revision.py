"""A Git revision -> its commit, its files in a folder, and the paths that differ from the disk."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.errors import GenError, Problem

_MAIN = ("main", "master")
_LINK = "120000"
_SUBMODULE = "160000"


@dataclass(frozen=True)
class Base:
    """What the working tree is compared with: a commit, and how it was chosen."""

    commit: str
    words: str


def base(root: Path, against: str | None, option: str = "--against") -> Base:
    """Return the commit of `against`, or the merge base with the remote's main branch.

    `option` is where people typed it. Raises GenError with what to fetch where the clone does not
    hold it.
    """
    if _git(root, "rev-parse", "--git-dir").returncode:
        raise _failed(
            "is no Git repository, so no commit is there to compare with: git init, or -C"
        )
    if against is not None:
        return Base(_commit(root, against, f"{option} {against}: no such revision"), against)
    branch = _remote_main(root)
    _commit(root, "HEAD", "has no commit yet; commit once, then gen diff")
    found = _git(root, "merge-base", "HEAD", branch)
    if found.returncode:
        raise _failed(f"HEAD and {branch} have no commit in common{_shallow(root)}")
    return Base(found.stdout.decode().strip(), f"merge base with {branch}")


def _commit(root: Path, revision: str, message: str) -> str:
    found = _git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        raise _failed(f"{message}{_shallow(root)}")
    return found.stdout.decode().splitlines()[-1]  # some versions repeat --end-of-options


def _remote_main(root: Path) -> str:
    """The remote's main branch as this clone knows it, such as origin/main."""
    remotes = _git(root, "remote").stdout.decode().split()
    remote = "origin" if "origin" in remotes or not remotes else remotes[0]
    head = _git(root, "symbolic-ref", "--short", f"refs/remotes/{remote}/HEAD")
    candidates = [head.stdout.decode().strip()] if not head.returncode else []
    for name in (*candidates, *(f"{remote}/{branch}" for branch in _MAIN)):
        if not _git(root, "rev-parse", "--verify", "--quiet", f"refs/remotes/{name}").returncode:
            return name
    raise _failed(
        f"knows no main branch of a remote; git fetch {remote} main, or say what to compare with: "
        "--against HEAD"
    )


def _shallow(root: Path) -> str:
    """The cure for a clone without its history."""
    answer = _git(root, "rev-parse", "--is-shallow-repository").stdout.strip()
    if answer != b"true":
        return "; git fetch brings what is new"
    return "; this clone is shallow: git fetch --unshallow, or fetch-depth: 0 of actions/checkout"


def differing(root: Path, commit: str) -> set[PurePosixPath]:
    """Return every path that the working tree holds otherwise than `commit`, new files included."""
    tracked = _out(root, "diff", "--name-only", "--no-renames", "--relative", "-z", commit, "--")
    new = _out(root, "ls-files", "--others", "--exclude-standard", "-z")
    return set(map(PurePosixPath, _split(tracked + new)))


def conflicted(root: Path) -> set[PurePosixPath]:
    """Return the paths that a merge left in conflict."""
    lines = _split(_out(root, "ls-files", "--unmerged", "-z"))
    return {PurePosixPath(line.partition("\t")[2]) for line in lines}


@dataclass(frozen=True)
class Entry:
    """A file of a commit: where it is, what kind of file, and the name of what it holds."""

    path: PurePosixPath
    mode: str
    blob: str


def entries(root: Path, commit: str, tops: Iterable[str]) -> list[Entry]:
    """Return the files that `commit` has below `tops`."""
    found = []
    for line in _split(_out(root, "ls-tree", "-r", "-z", commit, "--", *tops)):
        facts, _, path = line.partition("\t")
        mode, _, blob = facts.split()
        if mode != _SUBMODULE:
            found.append(Entry(PurePosixPath(path), mode, blob))
    return found


def texts(root: Path, commit: str, paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, str]:
    """Return what `commit` holds of files, by path; nothing of those that it has not."""
    wanted = [entry for entry in entries(root, commit, map(str, paths)) if entry.mode != _LINK]
    contents = _blobs(root, wanted)
    return {
        entry.path: content.decode("utf-8", "replace")
        for entry, content in zip(wanted, contents, strict=True)
    }


def extract(root: Path, wanted: list[Entry], folder: Path) -> None:
    """Write files of a commit into `folder`."""
    for entry, content in zip(wanted, _blobs(root, wanted), strict=True):
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == _LINK:
            target.symlink_to(os.fsdecode(content))
        else:
            target.write_bytes(content)


def _blobs(root: Path, wanted: list[Entry]) -> list[bytes]:
    """The contents of files, by one process for all."""
    names = "".join(f"{entry.blob}\n" for entry in wanted)
    data = _out(root, "cat-file", "--batch", input=names.encode())
    contents, at = [], 0
    for _ in wanted:
        start = data.index(b"\n", at) + 1
        size = int(data[at:start].rsplit(b" ", 1)[-1])
        contents.append(data[start : start + size])
        at = start + size + 1
    return contents


def _split(output: bytes) -> list[str]:
    return [os.fsdecode(part) for part in output.split(b"\0") if part]


def _out(root: Path, *arguments: str, input: bytes = b"") -> bytes:
    result = _git(root, *arguments, input=input)
    if result.returncode:
        said = result.stderr.decode(errors="replace").strip().splitlines()
        raise _failed(f"git {arguments[0]}: {said[-1] if said else 'failed without a word'}")
    return result.stdout


def _git(root: Path, *arguments: str, input: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    variables = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", *arguments],
            cwd=root,
            env=variables,
            input=input,
            capture_output=True,
        )
    except FileNotFoundError:
        raise _failed("needs git, which is not installed") from None


def _failed(message: str) -> GenError:
    return GenError([Problem(PurePosixPath("."), None, message)])
