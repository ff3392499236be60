"""A request -> who asks, once it is known that they may ask it; else the answer that says no.

MLflow calls `authenticate` several times a request, on both series and in both deliveries: the
first call decides, and the others get the same object. It hashes the password of every request with
scrypt: 0.1 s and 32 MiB for each metric. Here each worker remembers, of a password that was right,
a digest that is worth nothing outside of it. The stored hash is read every time, so a changed
password or a removed user counts at once.
"""

import hmac
import os

import artifacts
import authorize
import traces
from flask import Response, g, request
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
    ErrorCode,
)
from mlflow.server import auth
from mlflow.server.auth.entities import User
from werkzeug.datastructures import Authorization
from werkzeug.security import check_password_hash

artifacts.mend()

_KEY = os.urandom(32)
_right: dict[str, bytes] = {}  # a stored hash, which has a salt of its own: the digest that fits it

authorize.install()


def authenticate() -> Authorization | Response:
    """Return who asks, or the answer that asks who it is or says that they may not."""
    if "mlflow_answer" not in g:
        g.mlflow_answer = _answer()
    answer: Authorization | Response = g.mlflow_answer
    return answer


def _answer() -> Authorization | Response:
    given = request.authorization
    is_whole = given and given.password and "\0" not in (given.username or "")
    try:
        user = _user(given.username, given.password) if given and is_whole else None
    except MlflowException:
        # A client tries again after 503. A 401 would end a training that waits for PostgreSQL.
        said = MlflowException("the database does not answer", error_code=TEMPORARILY_UNAVAILABLE)
        return Response(said.serialize_as_json(), 503, mimetype="application/json")
    if not given or not user:
        return auth.make_basic_auth_response()
    refused = authorize.refusal(user)
    g.mlflow_user = user  # from here on, lists hold what this user may read
    traces.asks(user)
    return refused or given


def _user(name: str | None, password: str) -> User | None:
    """Return the user of that name, or None where nobody has it, or the password is wrong."""
    try:
        user = auth.store.get_user(name)
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):  # no such user
            return None
        raise
    return user if _is_right(user.password_hash, password) else None


def _is_right(stored: str, password: str) -> bool:
    digest = hmac.digest(_KEY, password.encode(), "sha256")
    if hmac.compare_digest(_right.get(stored, b""), digest):
        return True
    if not check_password_hash(stored, password):
        return False
    _right[stored] = digest
    return True
