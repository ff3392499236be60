"""MLflow 3's application, as each of uvicorn's worker processes makes it.

uvicorn starts its workers anew instead of forking them, so each reads the secret files itself:
handed down, they would be in /proc/PID/environ.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio.to_thread
import pod_settings

_THREADS = 8  # generator/environment/mlflow_versions.py counts on it

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
            scope = _own(scope)
        await mlflow(scope, receive, send)

    return application


def _own(scope: Scope) -> Scope:
    """Drop the origin of a request that comes from the server's own pages.

    MLflow refuses what an origin that it was not told of would change, and counts its own among
    them; nobody can tell it an address that Azure chooses later. The host is checked by itself.
    """
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    origin = scope["scheme"].encode() + b"://" + host
    return {**scope, "headers": [h for h in scope["headers"] if h != (b"origin", origin)]}
