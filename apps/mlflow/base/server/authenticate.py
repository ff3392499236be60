"""A request's user and password -> who asks; MLflow's own users, hashed once instead of every time.

MLflow hashes the password of every request with scrypt: 0.1 s and 32 MiB for each metric. Here each
worker remembers, of a password that was right, a digest that is worth nothing outside of it. The
stored hash is read every time, so a changed password or a removed user counts at once.
"""

import hmac
import os

import artifacts
from flask import Response, request
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
    ErrorCode,
)
from mlflow.server import auth
from werkzeug.datastructures import Authorization
from werkzeug.security import check_password_hash

artifacts.mend()

_KEY = os.urandom(32)
_right: dict[str, bytes] = {}  # a stored hash, which has a salt of its own: the digest that fits it


def authenticate() -> Authorization | Response:
    """Return who asks, or the answer that asks who it is."""
    given = request.authorization
    try:
        if given and given.password and _is_right(given.username, given.password):
            return given
    except MlflowException:
        # A client tries again after 503. A 401 would end a training that waits for PostgreSQL.
        said = MlflowException("the database does not answer", error_code=TEMPORARILY_UNAVAILABLE)
        return Response(said.serialize_as_json(), 503, mimetype="application/json")
    return auth.make_basic_auth_response()


def _is_right(user: str | None, password: str) -> bool:
    try:
        stored = auth.store.get_user(user).password_hash
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):  # no such user
            return False
        raise
    digest = hmac.digest(_KEY, password.encode(), "sha256")
    if hmac.compare_digest(_right.get(stored, b""), digest):
        return True
    if not check_password_hash(stored, password):
        return False
    _right[stored] = digest
    return True
