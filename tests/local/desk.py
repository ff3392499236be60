"""A person's clone beside a running server, and the pages of docs/ as they type them."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from generator import programs
from tests.local.servers import Local, processes
from tests.trees import ROOT

# What is asked of the cluster, word for word: its Service's address, and PostgreSQL.
_KUBECTL = """#!{python}
import os, sys
words = sys.argv[1:]
service = ["--namespace", "mlflow", "get", "service", "mlflow", "--output"]
inside = ["--namespace", "mlflow", "--request-timeout=30s", "exec", "statefulset/postgresql"]
inside += ["--container=postgresql", "--", "psql", "--username=postgres"]
if words == [*service, "jsonpath={{.status.loadBalancer.ingress[0].ip}}"]:
    print({address!r}, end="")
elif words[:len(inside)] == inside:
    # Here PostgreSQL has no socket; its role of the network reads the same table.
    with open({password!r}) as file:
        os.environ |= {{"PGHOST": "127.0.0.1", "PGPORT": {port!r}, "PGPASSWORD": file.read()}}
    os.execv({psql!r}, ["psql", "--username=mlflow", *words[len(inside):]])
else:
    sys.exit(f"unexpected: {{words}}")
"""


class Desk:
    """A clone with secrets of its own in Git; gen, kubectl, sops and a Python with MLflow."""

    def __init__(self, folder: Path, server: Local, tool: str) -> None:
        self.server, self.folder, self.repo = server, folder, folder / "repo"
        for name in ("apps", "environments", "examples"):
            source = server.repo if (server.repo / name).exists() else ROOT
            shutil.copytree(source / name, self.repo / name)
        (self.repo / "tools").symlink_to(ROOT / "tools")
        (folder / "bin").mkdir()
        self._program("gen", f'#!/bin/sh\nexec {sys.executable} -m generator "$@"\n')
        python = programs.find(ROOT, tool, "python", say=print)
        self._program("python", f'#!/bin/sh\nexec {python} "$@"\n')
        self._program("kubectl", self._kubectl())
        self.path = f"{folder / 'bin'}:{programs.find(ROOT, 'sops', say=print).parent}"
        self._git()
        self.run("gen secrets init --env dev")
        self.run("gen secrets set --env dev admin-password", input=self.password)

    def _program(self, name: str, text: str) -> None:
        file = self.folder / "bin" / name
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def _kubectl(self) -> str:
        client = programs.install(ROOT, "postgresql-client", say=print)
        (psql,) = client.glob("lib/python3.*/site-packages/*/pginstall/bin/psql")
        return _KUBECTL.format(
            python=sys.executable,
            address=self.server.url.removeprefix("http://"),
            password=str(self.server.folder / "secrets/database-password"),
            port=self._port(),
            psql=str(psql),
        )

    def _port(self) -> str:
        running = processes(self.server.repo).values()
        command = next(command for command in running if "--listen_addresses" in command)
        return re.search(r"--port=(\d+)", command)[1]

    def _git(self) -> None:
        self.run("git init --quiet --bare --initial-branch=main ../origin")
        self.run("git init --quiet --initial-branch=main && git remote add origin ../origin")
        self.run("git add apps environments && git commit --quiet --message=First")
        self.run("git push --quiet --set-upstream origin main")

    @property
    def password(self) -> str:
        """The administrator's, as the server has it."""
        return (self.server.folder / "secrets/admin-password").read_text()

    def run(self, script: str, *, input: str = "", exit_code: int = 0, **variables: str) -> str:
        """Run what a person types, in bash; return what it says, without notices aside."""
        clean = {
            "PATH": f"{self.path}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "MPLBACKEND": "Agg",
            "PYTHONPATH": str(ROOT),
            "XDG_CACHE_HOME": str(programs.cache().parent),
            "SOPS_AGE_KEY_FILE": str(self.folder / "keys.txt"),
            "no_proxy": "*",
            # What is started here counts as covered too.
            **{name: os.environ[name] for name in os.environ if name.startswith("COVERAGE_")},
            **{
                f"GIT_{who}_{what}": f"{what}@example.com".lower()
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=self.repo,
            env=clean | variables,
            input=input,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == exit_code, f"{script}\n{done.stdout}"
        return done.stdout

    def sql(self, query: str) -> str:
        """Return what the users' database answers."""
        return self.run(
            "kubectl --namespace mlflow --request-timeout=30s exec statefulset/postgresql "
            "--container=postgresql -- psql --username=postgres --dbname=mlflow_auth "
            f'--no-psqlrc --no-align --tuples-only --command="{query}"'
        ).strip()


def commands(page: str) -> list[str]:
    """The commands of a page, as for the environment that runs here."""
    text = (ROOT / "docs" / page).read_text()
    return [
        re.sub(r"--env \w+", "--env dev", line) for line in re.findall(r"^    (\S.*)$", text, re.M)
    ]
