"""A command that `gen client` prints -> what it prints, run here: an address, or a password."""

import base64
import binascii
import subprocess
from collections.abc import Sequence
from pathlib import Path

from generator.client.settings import Value

_PATIENCE = 120  # seconds; az may take a while to renew a login


class CannotRun(Exception):
    """A command did not do its work, and why."""


def text(root: Path, value: Value) -> str:
    """Return what a shell makes of a value in the repository `root`. Raises CannotRun."""
    if not value.command:
        return value.text
    said = output(root, value.command)
    if value.base64:
        try:
            said = base64.b64decode(said, validate=False).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise CannotRun(f"{value.command[0]} prints no base64 of a text") from None
    return value.text + said.rstrip("\n")


def output(root: Path, command: Sequence[str]) -> str:
    """Run a command there; return what it prints. Raises CannotRun with the last that it said."""
    program = command[0]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
        )
    except FileNotFoundError:
        raise CannotRun(f"{program} is not installed") from None
    except PermissionError:
        raise CannotRun(f"{program} may not be run") from None
    except subprocess.TimeoutExpired:
        raise CannotRun(f"{program} gives no answer in {_PATIENCE} s") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        last = lines[-1].strip()[:300] if lines else f"exit {done.returncode}"
        raise CannotRun(f"{program}: {last}")
    return done.stdout
