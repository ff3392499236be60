"""A folder -> a Git repository that people push to and that the Git server serves."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

BRANCH = "main"

# No configuration of this machine's users: it could sign, rewrite addresses or run hooks.
_ALONE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "rig",
    "GIT_AUTHOR_EMAIL": "rig@localhost",
    "GIT_COMMITTER_NAME": "rig",
    "GIT_COMMITTER_EMAIL": "rig@localhost",
}


@dataclass(frozen=True)
class Repository:
    """A work tree to change files in, and the bare repository that it pushes to."""

    work: Path
    bare: Path

    def push(self, message: str) -> str:
        """Commit what changed in the work tree, if anything, and push; return the commit."""
        git(self.work, "add", "--all")
        if git(self.work, "status", "--porcelain"):
            git(self.work, "commit", "--quiet", f"--message={message}")
        git(self.work, "push", "--quiet", "--force", str(self.bare), f"HEAD:{BRANCH}")
        return git(self.work, "rev-parse", "HEAD")


def create(folder: Path, name: str) -> Repository:
    """Make an empty repository that is served as /`name`.git, with a work tree beside it."""
    repository = Repository(folder / "work" / name, folder / "git" / f"{name}.git")
    for path, *flags in ((repository.work,), (repository.bare, "--bare")):
        path.mkdir(parents=True)
        git(path, "init", "--quiet", f"--initial-branch={BRANCH}", *flags)
    return repository


def git(folder: Path, *command: str) -> str:
    """Run git in a folder; return what it said."""
    done = subprocess.run(
        ["git", *command],
        cwd=folder,
        env={**os.environ, **_ALONE},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"git {command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
