"""MLflow 3's application, as each of uvicorn's worker processes makes it.

uvicorn starts its workers anew instead of forking them, so each reads the secret files itself:
handed down, they would be in /proc/PID/environ.
"""

import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio.to_thread
import pod_settings

_THREADS = 8  # generator/environment/mlflow_versions.py counts on it

_STOP = re.compile(rb"\.(?=(?::[0-9]*)?\Z)")  # a name's last, before a port or none

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


def create_app() -> Application:
    """Return MLflow with its users and permissions."""
    pod_settings.apply()
    os.environ["_MLFLOW_SGI_NAME"] = "uvicorn"  # else the WSGI application comes, with fewer routes
    from mlflow.server import auth

    return _served(auth.create_app())


def _served(mlflow: Application) -> Application:
    async def application(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        if scope["type"] == "http":
            scope = _own(_spelled(scope))
        await mlflow(scope, receive, send)

    return application


def _spelled(scope: Scope) -> Scope:
    """Spell host and origin as a browser does: MLflow compares them letter by letter."""
    headers = [
        (name, _STOP.sub(b"", value.lower()) if name in (b"host", b"origin") else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


def _own(scope: Scope) -> Scope:
    """Drop the origin of a request that comes from the server's own pages.

    MLflow refuses what an origin that it was not told of would change, and counts its own among
    them; nobody can tell it an address that Azure chooses later. It is told of names. The host is
    checked by itself.
    """
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    origin = scope["scheme"].encode() + b"://" + host
    return {**scope, "headers": [h for h in scope["headers"] if h != (b"origin", origin)]}
