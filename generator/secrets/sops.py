"""The sops program: plain text goes in by a pipe and comes out by a pipe, never by the disk.

Neither a value nor a key stands in an argument or an environment variable.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from generator import programs, yaml
from generator.errors import GenError, Problem
from generator.secrets import rules
from generator.yaml import Location

_COPY = "secrets.sops.yaml"

# sops's exit codes.
_TREE, _MAC, _NO_KEY = 25, 51, 128

_TAMPERED = (
    "its MAC does not fit: it was changed by hand, or by Git in a merge; take one side whole "
    '(git checkout REVISION -- {path}), then repeat the other side\'s "gen secrets" command'
)


@dataclass(frozen=True)
class Sops:
    """The pinned program, and the one key file that it may open."""

    program: Path
    key: Path

    def encrypt(self, rules_text: str, path: PurePosixPath, document: object) -> str:
        """Return `document` encrypted as .sops.yaml says for `path`."""
        with _folder(rules_text) as folder:
            arguments = ["encrypt", "--filename-override", str(path)]
            return self._run(path, folder, arguments, yaml.dump(document))

    def decrypt(self, path: PurePosixPath, text: str) -> Any:
        """Return the plain document. Raises GenError without the key, or when its MAC is wrong."""
        with _folder(copy=text) as folder:
            return json.loads(self._run(path, folder, ["decrypt", "--output-type", "json", _COPY]))

    def assign(self, path: PurePosixPath, text: str, values: Mapping[Location, str]) -> str:
        """Return `text` with new values; what stays the same keeps its bytes."""
        with _folder(copy=text) as folder:
            for location, value in values.items():
                index = "".join(f"[{json.dumps(key)}]" for key in location)
                arguments = ["set", "--value-stdin", _COPY, index]
                self._run(path, folder, arguments, json.dumps(value))
            return (folder / _COPY).read_text("utf-8")

    def reencrypt(
        self, path: PurePosixPath, text: str, add: Sequence[str], remove: Sequence[str]
    ) -> str:
        """Return `text` under a new data key, for recipients that are added and removed."""
        with _folder(copy=text) as folder:
            arguments = ["rotate", "--in-place"]
            for option, keys in (("--add-age", add), ("--rm-age", remove)):
                arguments += [option, ",".join(keys)] if keys else []
            self._run(path, folder, [*arguments, _COPY])
            return (folder / _COPY).read_text("utf-8")

    def _run(self, path: PurePosixPath, folder: Path, arguments: list[str], stdin: str = "") -> str:
        """Run sops on the way to `path`, with the one key and nothing of the user's settings."""
        result = subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(folder),
                "SOPS_AGE_KEY_FILE": str(self.key),
            },
            input=stdin,
            capture_output=True,
            encoding="utf-8",
        )
        if result.returncode:
            raise GenError([Problem(path, None, self._reason(path, result))])
        return result.stdout

    def _reason(self, path: PurePosixPath, result: subprocess.CompletedProcess[str]) -> str:
        match result.returncode:
            case code if code in (_MAC, _TREE):
                return _TAMPERED.format(path=path)
            case code if code == _NO_KEY:
                return f"the key in {self.key} does not open it"
        lines = result.stderr.strip().splitlines()
        return f"sops: {lines[0] if lines else f'exit {result.returncode}'}"


def installed(root: Path, key: Path, say: programs.Say) -> Sops:
    """Return the pinned sops, installed where it is missing, with the user's age key file."""
    return Sops(programs.find(root, "sops", say=say), key.absolute())


@contextmanager
def _folder(rules_text: str = "", copy: str = "") -> Iterator[Path]:
    """A folder with the encrypted copy that sops edits, and no .sops.yaml of others above it.

    No plain text enters. The file itself changes later, by one rename.
    """
    with TemporaryDirectory(prefix="gen-secrets-") as name:
        folder = Path(name)
        (folder / rules.PATH).write_text(rules_text or "creation_rules: []\n", "utf-8")
        (folder / _COPY).write_text(copy, "utf-8")
        yield folder
