"""A kubeconfig -> questions to the API server, answered with plain dictionaries."""

import base64
import http.client
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from ruamel.yaml import YAML

from .waiting import wait_for

Object = dict[str, Any]

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Refused(Exception):
    """The API server's no: `status` is the HTTP status, the text is its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Client:
    """Speaks to one API server over one connection; not for several threads at once."""

    def __init__(self, kubeconfig: Path) -> None:
        config = json.loads(kubeconfig.read_text())
        self._host = urlsplit(config["clusters"][0]["cluster"]["server"]).netloc
        self._context = _context(config)
        self._connection: http.client.HTTPSConnection | None = None
        self._kinds: dict[str, tuple[str, str, bool]] = {}
        self.warnings: list[str] = []
        """What the server warned of since the list was last cleared."""

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def answers(self, path: str) -> bool:
        """Say whether a path answers with success."""
        try:
            self._request("GET", path)
        except (OSError, http.client.HTTPException, Refused):
            return False
        return True

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> Object | None:
        """Return an object, or None where there is none."""
        try:
            return self._json("GET", self._path(kind, namespace, name))
        except Refused as refused:
            if refused.status == http.client.NOT_FOUND:
                return None
            raise

    def objects(self, kind: str, *, namespace: str | None = None, labels: str = "") -> list[Object]:
        """Return the objects of a kind; `labels` selects them as `kubectl --selector` does."""
        query = {"labelSelector": labels} if labels else {}
        items: list[Object] = self._json("GET", self._path(kind, namespace), query=query)["items"]
        return items

    def apply(self, *objects: Object, dry_run: bool = False) -> list[Object]:
        """Apply objects on the server; `dry_run` only asks whether it would take them."""
        query = {"fieldManager": "rig", "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return [
            self._json(
                "PATCH",
                self._path(
                    object_["kind"],
                    object_["metadata"].get("namespace"),
                    object_["metadata"]["name"],
                ),
                body=object_,
                content="application/apply-patch+yaml",
                query=query,
            )
            for object_ in objects
        ]

    def apply_kinds(self, folder: Path) -> None:
        """Apply the CustomResourceDefinitions of a folder and wait until they are served."""
        yaml = YAML(typ="safe")
        for crd in self.apply(*(yaml.load(file) for file in sorted(folder.glob("*.yaml")))):
            self.wait_for(crd["kind"], crd["metadata"]["name"], _is_established)

    def patch(
        self, kind: str, name: str, change: Object, *, namespace: str | None = None, part: str = ""
    ) -> Object:
        """Merge a change into an object, or into a `part` of it such as "status"."""
        path = self._path(kind, namespace, name) + (f"/{part}" if part else "")
        return self._json("PATCH", path, body=change, content="application/merge-patch+json")

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> None:
        """Ask for an object to be deleted; dependents go in the background."""
        query = {"propagationPolicy": "Background"}
        self._json("DELETE", self._path(kind, namespace, name), query=query)

    def logs(self, pod: str, *, namespace: str, container: str) -> str:
        """Return what a container has said since it started."""
        path = self._path("Pod", namespace, pod) + "/log"
        return self._request("GET", path, query={"container": container}).decode()

    def wait_for(
        self,
        kind: str,
        name: str,
        holds: Callable[[Object], object] = bool,
        *,
        namespace: str | None = None,
        seconds: float = 60,
    ) -> Object:
        """Wait until an object is there and `holds`; the error shows its last status."""
        last: Object | None = None

        def question() -> Object | None:
            nonlocal last
            try:
                last = self.get(kind, name, namespace=namespace)
            except (OSError, http.client.HTTPException, Refused):
                return None  # an API server that was killed, or a kind not yet served
            return last if last and holds(last) else None

        try:
            return wait_for(f"{kind} {name} as expected", question, seconds=seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {_summary(last)}") from None

    def wait_until_gone(
        self, kind: str, name: str, *, namespace: str | None = None, seconds: float = 60
    ) -> None:
        """Wait until there is no such object."""
        wait_for(
            f"end of {kind} {name}",
            lambda: self.get(kind, name, namespace=namespace) is None,
            seconds=seconds,
        )

    def _path(self, kind: str, namespace: str | None, name: str | None = None) -> str:
        if kind not in self._kinds:
            self._kinds = self._discover()
        try:
            group, plural, namespaced = self._kinds[kind]
        except KeyError:
            raise Refused(http.client.NOT_FOUND, f"the server knows no kind {kind}") from None
        inner = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{group}{inner}/{plural}" + (f"/{name}" if name else "")

    def _discover(self) -> dict[str, tuple[str, str, bool]]:
        """Ask which kinds there are: in core before other groups, in its newest version."""
        kinds: dict[str, tuple[str, str, bool]] = {}
        for root in ("/api", "/apis"):
            for group in json.loads(self._request("GET", root, accept=_DISCOVERY))["items"]:
                name = group.get("metadata", {}).get("name")
                for version in group["versions"]:
                    path = "/".join(filter(None, [root, name, version["version"]]))
                    for resource in version["resources"]:
                        kinds.setdefault(
                            resource["responseKind"]["kind"],
                            (path, resource["resource"], resource["scope"] == "Namespaced"),
                        )
        return kinds

    def _json(self, method: str, path: str, **arguments: Any) -> Object:
        answer: Object = json.loads(self._request(method, path, **arguments))
        return answer

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: Object | None = None,
        content: str = "application/json",
        accept: str = "application/json, */*",
        query: dict[str, str] | None = None,
    ) -> bytes:
        if query:
            path = f"{path}?{urlencode(query)}"
        headers = {"Accept": accept, "Content-Type": content}
        payload = None if body is None else json.dumps(body).encode()
        fresh = self._connection is None
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                self._host, timeout=30, context=self._context
            )
        try:
            self._connection.request(method, path, payload, headers)
            response = self._connection.getresponse()
            answer = response.read()
        except http.client.RemoteDisconnected:
            # An API server that was started anew answers nothing on connections of before.
            self.close()
            if fresh or method != "GET":
                raise
            return self._request(method, path, content=content, accept=accept)
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        self.warnings += response.headers.get_all("Warning") or []
        if response.status >= http.client.BAD_REQUEST:
            raise Refused(response.status, _message(answer))
        return answer


def condition(object_: Object, kind: str = "Ready") -> Object:
    """Return a condition of an object's status, or an empty one."""
    conditions: Iterable[Object] = object_.get("status", {}).get("conditions") or ()
    return next((one for one in conditions if one["type"] == kind), {})


def _is_established(crd: Object) -> bool:
    return condition(crd, "Established").get("status") == "True"


def is_ready(object_: Object) -> bool:
    """Say whether an object is Ready, and not only an earlier generation of it."""
    generation = object_["metadata"].get("generation", 0)
    seen = object_.get("status", {}).get("observedGeneration", generation)
    return seen == generation and condition(object_).get("status") == "True"


def rolled_out(deployment: Object) -> bool:
    """Say whether all pods of a Deployment are its newest and available, and no other is left."""
    wanted, status = deployment["spec"]["replicas"], deployment.get("status", {})
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and all(
        status.get(kind) == wanted for kind in ("replicas", "updatedReplicas", "availableReplicas")
    )


def now() -> str:
    """Return a value for an annotation that has to differ from every earlier one."""
    return str(time.time_ns())


def _context(config: Object) -> ssl.SSLContext:
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with tempfile.NamedTemporaryFile() as pair:  # ssl reads a client's pair from a file only
        for part in ("client-certificate-data", "client-key-data"):
            pair.write(base64.b64decode(user[part]))
        pair.flush()
        context.load_cert_chain(pair.name)
    return context


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError):
        return answer.decode(errors="replace").strip()


def _summary(object_: Object | None) -> str:
    if object_ is None:
        return "there is none"
    return json.dumps(object_.get("status", "it has no status"))[:2000]
