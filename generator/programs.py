"""tools/<name>/ -> that third-party program, installed once for all clones of one user.

A folder of `tools/` pins a program with checksums, in the form of the ecosystem it comes from:

- `go.mod` and `go.sum`: every `tool` line of go.mod is built into `bin/`; `ldflags` may hold
  further linker flags, `goexperiment` what the toolchain must turn on. Where a file `crds` names
  Go packages instead, `crds/` gets the CustomResourceDefinitions that controller-gen makes of
  their types.
- `requirements.txt`, with hashes: a virtual environment, its programs in `bin/`.
- `package.json` and `package-lock.json`: an npm install, its programs in `bin/`.

The installed folder's name carries a digest of the pins, so that a clone with other pins gets
its own copy and nothing is ever installed over something that runs.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from generator.errors import GenError, Problem

FOLDER = Path("tools")

_COMPLETE = ".complete"

Say = Callable[[str], None]


def cache() -> Path:
    """Where installed programs live: one folder for each user, as the XDG specification says."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlflow-gitops"


def find(root: Path, name: str, program: str | None = None, *, say: Say) -> Path:
    """Return the path of `program` (default: `name`) of tools/<name>/, installing it if missing.

    `say` gets one line before an installation, which may take a minute.
    Raises GenError when the pins are missing or the installation fails.
    """
    return install(root, name, say=say) / "bin" / (program or name)


def install(root: Path, name: str, *, say: Say) -> Path:
    """Return the folder that tools/<name>/ is installed in, installing it if missing."""
    pins = root / FOLDER / name
    recipe = next((recipe for file, recipe in _RECIPES.items() if (pins / file).is_file()), None)
    if recipe is None:
        raise _failed(name, f"has none of {', '.join(_RECIPES)}; restore the folder from Git")
    folder = _place(pins)

    def make() -> None:
        say(f"installing {name}, once, into {folder}")
        recipe(root, pins, folder, say)

    once(folder, make)
    return folder


def installed(root: Path, name: str) -> Path | None:
    """Return the folder that tools/<name>/ is installed in, or None where it is not."""
    pins = root / FOLDER / name
    return _place(pins) if pins.is_dir() and (_place(pins) / _COMPLETE).exists() else None


def once(folder: Path, make: Callable[[], None]) -> None:
    """Let `make` fill an empty `folder` unless that was done before, by whomever.

    Raises GenError where the disk refuses.
    """
    try:
        _once(folder, make)
    except OSError as error:
        message = f"could not be written: {error.strerror or error}; XDG_CACHE_HOME names a place"
        raise GenError([Problem(folder, None, message)]) from None


def _once(folder: Path, make: Callable[[], None]) -> None:
    complete = folder / _COMPLETE
    if complete.exists():
        return
    with _lock(folder):
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what an interruption left
            folder.mkdir(parents=True)
            make()
            complete.touch()


def _build_go(root: Path, pins: Path, folder: Path, say: Say) -> None:
    go = _go(root, pins, say)
    run = partial(
        _run,
        pins,
        CGO_ENABLED="0",
        GOEXPERIMENT=",".join(_words(pins / "goexperiment")),
        GOFLAGS="-mod=readonly",
        GOTOOLCHAIN="local",
        GOWORK="off",
        PATH=f"{Path(go).parent}:{os.environ['PATH']}",  # controller-gen calls go
    )
    if packages := _words(pins / "crds"):
        generator = str(find(root, "controller-gen", say=say))
        run([generator, "crd", f"paths={';'.join(packages)}", f"output:crd:dir={folder}/crds"])
    else:
        flags = " ".join(["-s -w", *_words(pins / "ldflags")])
        run([go, "build", "-trimpath", f"-ldflags={flags}", "-o", f"{folder}/bin/", "tool"])


def _words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def _go(root: Path, pins: Path, say: Say) -> str:
    """The machine's Go where it is as new as go.mod asks for, else the pinned toolchain."""
    if go := shutil.which("go"):
        version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True).stdout
        if _go_version(version) >= _go_version((pins / "go.mod").read_text()):
            return go
    return str(find(root, "go", say=say))


def _go_version(text: str) -> tuple[int, ...]:
    """Major and minor: of `go env GOVERSION`, or of a go.mod."""
    found = re.search(r"^go ?(\d+)\.(\d+)", text, re.MULTILINE)
    return tuple(map(int, found.groups())) if found else ()


def _install_python(root: Path, pins: Path, folder: Path, say: Say) -> None:
    _run(pins, [sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    _run(pins, [*pip, "--disable-pip-version-check", "--require-hashes", "-r", "requirements.txt"])


def _install_node(root: Path, pins: Path, folder: Path, say: Say) -> None:
    for file in ("package.json", "package-lock.json"):
        shutil.copy(pins / file, folder)
    npm = ["npm", "ci", "--prefix", str(folder), "--loglevel=error"]
    _run(pins, [*npm, "--no-audit", "--no-fund", "--ignore-scripts"])
    (folder / "bin").symlink_to("node_modules/.bin")


_RECIPES = {
    "go.mod": _build_go,
    "requirements.txt": _install_python,
    "package-lock.json": _install_node,
}


def _run(pins: Path, command: list[str], **variables: str) -> None:
    """Run one step of the installation of tools/<name>/, in that folder."""
    try:
        result = subprocess.run(
            command,
            cwd=pins,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except FileNotFoundError:
        raise _failed(pins.name, f"needs {command[0]}, which is not installed") from None
    if result.returncode:
        last = "; ".join(result.stdout.strip().splitlines()[-3:]) or f"exit {result.returncode}"
        raise _failed(pins.name, f"could not be installed: {last}")


def _failed(name: str, message: str) -> GenError:
    return GenError([Problem(FOLDER / name, None, message)])


def _place(pins: Path) -> Path:
    return cache() / f"{pins.name}-{_digest(pins)}"


def _digest(pins: Path) -> str:
    """Twelve digits that change with the pins, and with the Python that a package would serve."""
    digest = hashlib.sha256(f"{sys.platform} {sys.version_info[:2]}".encode())
    for file in sorted(path for path in pins.iterdir() if path.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process install `folder`; the others wait and find it done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
