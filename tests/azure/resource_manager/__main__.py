"""Start the local Azure: prints its port, serves until its standard input closes.

usage: python -m tests.azure.resource_manager FOLDER    (FOLDER gets ca.pem)
"""

import dataclasses
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

from . import certificate, entra, faults, manager, server
from .certificate import DOMAIN
from .cloud import Cloud
from .messages import Refused, Request, Response
from .services import vaults

# Requests by POST that change nothing.
_READING = ("/checknameavailability", "/listkeys", "/token", "/getbyids")


class Azure:
    """One cloud, what was asked of it, and what shall go wrong."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        self.cloud = Cloud()
        self.requests: list[dict[str, Any]] = []
        self.faults: list[faults.Fault] = []

    def answer(self, request: Request) -> Response | None:
        """Answer a request of any host; None drops the connection."""
        with self.lock:
            if request.host == f"control.{DOMAIN}":
                return self._control(request)
            fault = next((fault for fault in self.faults if fault.matches(request)), None)
            response = self._carry_out(request, fault)
            self._record(request, response)
            return None if fault and fault.drop else response

    def _carry_out(self, request: Request, fault: faults.Fault | None) -> Response:
        running = set(self.cloud.operations)
        try:
            if fault:
                fault.before()
                if fault.write:
                    other = dataclasses.replace(request, method="PUT", body=fault.write)
                    manager.answer(self.cloud, other)
            response = self._by_host(request)
        except Refused as refused:
            if fault and fault.kill:
                fault.times += 1  # nothing was written yet: the next one counts
            return refused.response
        if fault:
            fault.after(self.cloud, running)
        return response

    def _by_host(self, request: Request) -> Response:
        if request.host.endswith(f".vault.{DOMAIN}"):
            response = vaults.data_plane.answer(self.cloud, request)
        elif request.host == f"login.{DOMAIN}":
            response = entra.answer(request)
        elif request.host == f"graph.{DOMAIN}":
            response = entra.directory(self.cloud, request)
        elif request.host == f"management.{DOMAIN}":
            response = manager.answer(self.cloud, request)
        else:
            response = None
        if response is None:
            raise Refused(404, "NotHere", f"{request.method} {request.host}{request.path}")
        return response

    def _record(self, request: Request, response: Response) -> None:
        reading = request.method in ("GET", "HEAD") or request.path.lower().endswith(_READING)
        error = (response.body or {}).get("error") if isinstance(response.body, dict) else None
        self.requests.append(
            {
                "method": request.method,
                "host": request.host,
                "path": request.path,
                "version": request.version,
                "write": not reading,
                "status": response.status,
                "error": error,
                "seconds": time.monotonic(),
            }
        )

    def _control(self, request: Request) -> Response:
        body = request.body or {}
        match request.path:
            case "/reset":
                self.reset()
            case "/requests":
                found, self.requests = self.requests, []
                return Response(200, found)
            case "/state":
                return Response(200, self.cloud.snapshot())
            case "/values":
                return Response(200, self.cloud.values())
            case "/commands":
                return Response(200, self.cloud.commands)
            case "/protected":
                return Response(200, self.cloud.protected)
            case "/fault":
                self.faults.append(faults.Fault(**body))
            case "/calm":
                self.faults = []
            case "/set":
                for name, value in body.items():
                    setattr(self.cloud, name, value if name != "forbidden" else set(value))
            case "/resource":
                self.cloud.resources[body["id"].lower()] = body
            case "/finish":
                for operation in self.cloud.operations.values():
                    operation.polls = min(operation.polls, 1)
            case "/save":
                Path(body["path"]).write_bytes(pickle.dumps(self.cloud))
            case "/load":
                self.cloud = pickle.loads(Path(body["path"]).read_bytes())
            case "/remove":
                self.cloud.remove(body["id"])
            case _:
                return Response(404)
        return Response(200, {})


def main() -> None:
    """Serve."""
    folder = Path(sys.argv[1])
    azure = Azure()
    running = server.start(certificate.server_context(folder), azure.answer)
    print(running.server_address[1], flush=True)
    sys.stdin.read()


main()
