"""A local Azure to run against, and the provisioning scripts to run: for tests and benchmarks."""

import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.environment import Environment
from generator.render import infra

ROOT = Path(__file__).parents[2]
DOMAIN = "azure.test"
SUBSCRIPTION = "0aa3981a-1111-4111-8111-111111111111"
TENANT = "0aa3981a-2222-4222-8222-222222222222"
CALLER = "0aa3981a-3333-4333-8333-333333333333"
# What client and script must not find in their environment: proxies would lead past the local
# Azure, keys are the tests' business, and without byte code each az takes seconds.
_HIDDEN = (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("pythondontwritebytecode", "age_key_file", "sops_age_key_file"),
)


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


def changes(before: Any, after: Any, path: str = "") -> list[str]:
    """Return where two states differ, each as `path: before -> after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            line
            for key in sorted({*before, *after})
            for line in changes(before.get(key), after.get(key), f"{path}.{key}")
        ]
    return [] if before == after else [f"{path}: {before} -> {after}"]


@contextmanager
def running(azure_cli: Path, folder: Path) -> Iterator[Azure]:
    """Start a local Azure and sign its client in; `folder` gets what both write."""
    inherited = {k: v for k, v in os.environ.items() if k.lower() not in _HIDDEN}
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


@dataclass
class Script:
    """An environment's provisioning script, rendered into a folder of the test's own."""

    env: Environment
    folder: Path
    variables: dict[str, str]

    @property
    def path(self) -> Path:
        return self.folder / infra.script(self.env.name)

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
        out, err = process.communicate(stdin, timeout=900)
        result = Result(process.returncode, out, err)
        assert status is None or result.status == status, f"{out}\n{err}"
        return result

    def start(
        self, *arguments: str, gated: bool = False, **variables: str
    ) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own; a gated one waits for a line of input."""
        gate = ["bash", "-c", 'read -r && exec "$0" "$@"'] if gated else []
        return subprocess.Popen(
            [*gate, self.path, *arguments],
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
