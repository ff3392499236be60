"""A request's user and password -> who asks; MLflow's own users, hashed once instead of every time.

MLflow hashes the password of every request with scrypt: 0.1 s and 32 MiB for each metric. Here each
worker remembers, of a password that was right, a digest that is worth nothing outside of it. The
stored hash is read every time, so a changed password or a removed user counts at once.
"""

import hmac
import os

from flask import Response, request
from mlflow.exceptions import MlflowException
from mlflow.server import auth
from werkzeug.datastructures import Authorization
from werkzeug.security import check_password_hash

_KEY = os.urandom(32)
_right: dict[str, bytes] = {}  # a stored hash, which has a salt of its own: the digest that fits it


def authenticate() -> Authorization | Response:
    """Return who asks, or the answer that asks who it is."""
    given = request.authorization
    if given is None or given.password is None or not _is_right(given.username, given.password):
        return auth.make_basic_auth_response()
    return given


def _is_right(user: str | None, password: str) -> bool:
    try:
        stored = auth.store.get_user(user).password_hash
    except MlflowException:  # no such user
        return False
    digest = hmac.digest(_KEY, password.encode(), "sha256")
    if hmac.compare_digest(_right.get(stored, b""), digest):
        return True
    if not check_password_hash(stored, password):
        return False
    _right[stored] = digest
    return True
