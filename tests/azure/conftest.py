"""A local Azure for each test process, and the provisioning scripts to run against it."""

import fcntl
import json
import os
import shutil
import signal
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from generator import environment, programs
from generator.environment import Environment
from generator.render import infra

ROOT = Path(__file__).parents[2]
DOMAIN = "azure.test"
SUBSCRIPTION = "0aa3981a-1111-4111-8111-111111111111"
TENANT = "0aa3981a-2222-4222-8222-222222222222"
CALLER = "0aa3981a-3333-4333-8333-333333333333"
# What the client must not find in its environment: it would go past the local Azure.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "pythondontwritebytecode")


@dataclass
class Azure:
    """The local Azure, from outside: what tests set up in it and ask of it."""

    port: int
    authority: Path
    variables: dict[str, str]
    opener: urllib.request.OpenerDirector = field(init=False)

    def __post_init__(self) -> None:
        proxy = urllib.request.ProxyHandler({"https": f"http://127.0.0.1:{self.port}"})
        context = ssl.create_default_context(cafile=str(self.authority))
        self.opener = urllib.request.build_opener(
            proxy, urllib.request.HTTPSHandler(context=context)
        )

    def control(self, action: str, **body: Any) -> Any:
        """Ask for something that only tests can ask for."""
        request = urllib.request.Request(
            f"https://control.{DOMAIN}/{action}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with self.opener.open(request, timeout=60) as response:
            return json.load(response)

    def call(self, method: str, path: str, body: Any = None, version: str = "") -> tuple[int, Any]:
        """Send one request to the Resource Manager, as a client would."""
        separator = "&" if "?" in path else "?"
        request = urllib.request.Request(
            f"https://management.{DOMAIN}{path}{separator}api-version={version}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": "Bearer test"},
            method=method,
        )
        try:
            with self.opener.open(request, timeout=60) as response:
                text = response.read()
                return response.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def writes(self) -> list[str]:
        """Return what was written since the last call: method and path."""
        return [f"{r['method']} {r['path']}" for r in self.control("requests") if r["write"]]

    def state(self) -> Any:
        return self.control("state")

    def resources(self) -> dict[str, Any]:
        found: dict[str, Any] = self.state()["resources"]
        return found

    def one(self, kind: str, name: str = "") -> Any:
        """Return the one resource of a type (and of a name, if given)."""
        found = [
            body
            for body in self.resources().values()
            if body["type"].lower() == kind.lower() and name in ("", body["name"])
        ]
        assert len(found) == 1, [body["id"] for body in found]
        return found[0]

    def drift(self, body: Any, path: str, value: Any) -> None:
        """Change one property of a resource behind everybody's back."""
        *parts, last = path.split(".")
        inner = body
        for part in parts:
            inner = inner[int(part)] if isinstance(inner, list) else inner[part]
        inner[last] = value
        self.control("resource", **body)


@pytest.fixture(scope="session")
def azure_cli() -> Path:
    """The pinned client's folder."""
    return programs.install(ROOT, "azure-cli", say=print)


@pytest.fixture(scope="session")
def running_azure(azure_cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    """A local Azure, and a client that is signed in to it."""
    folder = tmp_path_factory.mktemp("azure")
    inherited = {k: v for k, v in os.environ.items() if k.lower() not in _PROXIES}
    with subprocess.Popen(
        [azure_cli / "bin/python", "-m", "tests.azure.resource_manager", folder],
        cwd=ROOT,
        env=inherited,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        port = int(process.stdout.readline())
        authority = folder / "ca.pem"
        variables = inherited | {
            "PATH": f"{azure_cli / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
            "REQUESTS_CA_BUNDLE": str(authority),
            "AZURE_CONFIG_DIR": str(folder / "client"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
            "XDG_STATE_HOME": str(folder / "state"),
            "retry_seconds": "0.1",
            "poll_seconds": "0.1",
        }
        try:
            _sign_in(variables)
            yield Azure(port, authority, variables)
        finally:
            process.stdin.close()  # that ends it


def _sign_in(variables: dict[str, str]) -> None:
    management, login = f"https://management.{DOMAIN}", f"https://login.{DOMAIN}"
    commands = (
        f"az cloud register -n local --skip-endpoint-discovery"
        f" --endpoint-management {management} --endpoint-resource-manager {management}"
        f" --endpoint-active-directory {login}"
        f" --endpoint-active-directory-resource-id {management}/"
        f" --endpoint-active-directory-graph-resource-id https://graph.{DOMAIN}/"
        f" --endpoint-microsoft-graph-resource-id https://graph.{DOMAIN}/"
        f" --suffix-keyvault-dns .vault.{DOMAIN} --suffix-storage-endpoint core.{DOMAIN}",
        "az cloud set -n local",
        f"az login --service-principal -u {CALLER} -p none --tenant {TENANT}",
    )
    for command in commands:
        subprocess.run(command.split(), env=variables, check=True, capture_output=True)


@pytest.fixture
def azure(running_azure: Azure) -> Azure:
    """An empty local Azure."""
    running_azure.control("reset")
    return running_azure


@dataclass
class Script:
    """An environment's provisioning script, rendered into a folder of the test's own."""

    env: Environment
    folder: Path
    variables: dict[str, str]

    @property
    def path(self) -> Path:
        return self.folder / f"infra/{self.env.name}/{infra.SCRIPT}"

    def render(self, **changes: Any) -> None:
        """Render with values changed, each named as in the file: `cluster__tier="standard"`."""
        values = self.env.model_dump()
        for key, value in changes.items():
            *parts, last = key.split("__")
            inner = values
            for part in parts:
                inner = inner[part]
            inner[last] = value
        self.env = type(self.env).model_validate(values)
        for file in infra.files(self.env):
            target = self.folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.text)
            target.chmod(0o755)

    def run(
        self, *arguments: str, status: int | None = 0, stdin: str = "", **variables: str
    ) -> "Result":
        """Run a command of the script; fail unless it exits with `status`."""
        process = self.start(*arguments, **variables)
        out, err = process.communicate(stdin, timeout=300)
        result = Result(process.returncode, out, err)
        assert status is None or result.status == status, f"{out}\n{err}"
        return result

    def start(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [self.path, *arguments],
            env=self.variables | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@dataclass(frozen=True)
class Result:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    def lines(self, *marks: str) -> list[str]:
        """Return the plan's lines that begin with one of the marks."""
        return [line for line in self.out.splitlines() if line[:2].rstrip() in marks]


@pytest.fixture(params=["prod"])
def script(request: pytest.FixtureRequest, azure: Azure, tmp_path: Path) -> Script:
    """The script of an environment of this repository, for the local subscription."""
    [env] = environment.load(ROOT, [request.param])
    shutil.copytree(ROOT / "infra/lib", tmp_path / "infra/lib")
    made = Script(env, tmp_path, azure.variables)
    made.render(azure__subscription=SUBSCRIPTION)
    return made


@pytest.fixture
def applied(script: Script, azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Script:
    """A script that has been applied, by one test process for all of them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    saved = shared / f"applied-{script.env.name}.pickle"
    with saved.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not saved.exists():
            script.run("apply")
            azure.control("save", path=str(saved))
    azure.control("load", path=str(saved))
    azure.writes()
    return script


def wait_for(condition: Any, seconds: float = 60) -> None:
    """Wait until `condition()` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def kill_group(process: "subprocess.Popen[str]") -> None:
    """End a script and everything that it started, as a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
