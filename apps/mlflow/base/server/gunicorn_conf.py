"""The pod's settings -> gunicorn's, and MLflow's.

Gunicorn runs this file and loads MLflow in its first process, and forks the workers from it. How
many there are it reads from WEB_CONCURRENCY.
"""

import os
import ssl
from functools import cache
from typing import Any

import pod_settings

pod_settings.apply()

bind = "0.0.0.0:5000"  # the pod's own network

# Loading MLflow asks PostgreSQL, and gunicorn ends all workers when one cannot load it. Loaded
# once, before the fork, it serves the worker that replaces a crashed one without asking again.
preload_app = True

# A slow upload holds a thread, not a worker, and counts as alive however long it takes.
worker_class = "gthread"
threads = 8  # generator/environment/mlflow_versions.py counts on it
timeout = 300  # seconds in which a worker must show that its main loop runs
graceful_timeout = 270  # seconds that running requests get when the pod ends

worker_tmp_dir = "/dev/shm"  # noqa: S108 - the workers' heartbeat must not wait for a disk

if os.environ.get("TLS_HOST"):
    certfile, keyfile = os.environ["UVICORN_SSL_CERTFILE"], os.environ["UVICORN_SSL_KEYFILE"]
    _further = os.environ.get("TLS_FURTHER_HOSTS")
    _names = {os.environ["TLS_HOST"], *(_further.split(",") if _further else ())}


def when_ready(_: object) -> None:
    """Close what loading MLflow opened: no two processes may speak on one connection."""
    from mlflow.server import auth

    auth.store.engine.dispose()


def ssl_context(config: Any, _: object) -> ssl.SSLContext:
    """Return how to speak TLS. A worker keeps it: gunicorn would make one for each connection."""
    return _context(config.certfile, config.keyfile)


@cache
def _context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    context.sni_callback = _refuse_other_hosts
    return context


def _refuse_other_hosts(_: object, host: str | None, __: object) -> ssl.AlertDescription | None:
    """Probes name no host, and nobody an address."""
    ours = host is None or host.lower().removesuffix(".") in _names
    return None if ours else ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
