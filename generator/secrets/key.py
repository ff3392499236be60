"""The age key that opens secrets: a file outside the repository that only its owner reads."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from generator.errors import GenError, Problem

_IDENTITY = "AGE-SECRET-KEY-"


def path(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Return where sops looks for the key: SOPS_AGE_KEY_FILE, else the user's folder."""
    if chosen := environ.get("SOPS_AGE_KEY_FILE"):
        return Path(chosen)
    home = Path(environ.get("HOME") or Path.home())
    default = home / ("Library/Application Support" if platform == "darwin" else ".config")
    return Path(environ.get("XDG_CONFIG_HOME") or default) / "sops/age/keys.txt"


def recipients(root: Path, file: Path) -> list[str]:
    """Return the public keys of `file`, none where there is no file.

    Raises GenError where others can read it, where Git could take it along, and where it is no
    key file.
    """
    if inside(root, file):
        raise _problem(file, "is inside the repository; move it out, and make a new key if pushed")
    try:
        mode = file.stat().st_mode
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise _problem(file, "is no age key file: not UTF-8 text") from None
    except OSError as error:
        raise _problem(file, error.strerror or str(error)) from None
    if mode & 0o077:
        raise _problem(file, f'others can read this key; run: chmod 600 "{file}"')
    found = [
        _public(file, number, line)
        for number, line in enumerate(lines, 1)
        if line.strip().startswith(_IDENTITY)
    ]
    if not found:
        raise _problem(file, f"holds no age key (a line that starts with {_IDENTITY})")
    return found


def _public(file: Path, number: int, line: str) -> str:
    import pyrage

    try:
        return str(pyrage.x25519.Identity.from_str(line.strip()).to_public())
    except pyrage.IdentityError:
        raise _problem(file, "is cut short or mistyped: no age key", number) from None


def inside(root: Path, file: Path) -> bool:
    """Whether `file` is in the repository, links followed."""
    return file.resolve().is_relative_to(root.resolve())


def is_recipient(text: str) -> bool:
    """Whether `text` is a public age key."""
    import pyrage

    try:
        pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        return False
    return True


def create(root: Path, file: Path) -> str:
    """Make a key in `file`, which must not be there; return its public key.

    The file appears whole, with mode 0600, or not at all.
    """
    import pyrage

    if inside(root, file):
        raise _problem(file, "is inside the repository; point SOPS_AGE_KEY_FILE outside of it")
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
            out.write(f"# public key: {public}\n{identity}\n")
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, file)  # unlike a rename, never over a key that is there
    except OSError as error:
        raise _problem(file, f"could not be made: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return public


def _problem(file: Path, message: str, line: int | None = None) -> GenError:
    return GenError([Problem(file, line, message)])
