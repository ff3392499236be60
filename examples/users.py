"""The users of an MLflow server: add and remove them, and say what they may do.

    python examples/users.py add alice            # asks for her password, 12 characters or more
    python examples/users.py password alice
    python examples/users.py permit alice experiment iris EDIT
    python examples/users.py permit alice model iris-model READ
    python examples/users.py show alice
    python examples/users.py remove alice

Reads MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, an
administrator's, and needs nothing but Python. A password is typed, or is the first line of
standard input: it is never an argument, which every process of the machine could read.
"""

import argparse
import base64
import getpass
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

PERMISSIONS = ("READ", "EDIT", "MANAGE", "NO_PERMISSIONS")


def main() -> None:
    """Do what the arguments say."""
    arguments = _arguments()
    name = arguments.name
    match arguments.action:
        case "add":
            _call("POST", "users/create", username=name, password=_password())
        case "password":
            _call("PATCH", "users/update-password", username=name, password=_password())
        case "remove":
            _remove(name)
        case "show":
            print(json.dumps(_call("GET", "users/get", username=name)["user"], indent=2))
        case "permit":
            _permit(name, arguments.kind, arguments.what, arguments.permission)


def _remove(user: str) -> None:
    """Remove a user, permissions first: with one of them left, MLflow 2.22.0 refuses."""
    given = _call("GET", "users/get", username=user)["user"]
    for entry in given["experiment_permissions"]:
        key = entry["experiment_id"]
        _call("DELETE", "experiments/permissions/delete", experiment_id=key, username=user)
    for entry in given["registered_model_permissions"]:
        key = entry["name"]
        _call("DELETE", "registered-models/permissions/delete", name=key, username=user)
    _call("DELETE", "users/delete", username=user)


def _permit(user: str, kind: str, what: str, permission: str) -> None:
    """Give a permission, in place of the one that the user has."""
    if kind == "experiment":
        found = _call("GET", "experiments/get-by-name", experiment_name=what)
        resource, key = "experiments", {"experiment_id": found["experiment"]["experiment_id"]}
    else:
        resource, key = "registered-models", {"name": what}
    given = _call("GET", "users/get", username=user)["user"]
    given = given[f"{resource.replace('-', '_').removesuffix('s')}_permissions"]
    has_one = any(key.items() <= entry.items() for entry in given)
    method, verb = ("PATCH", "update") if has_one else ("POST", "create")
    _call(method, f"{resource}/permissions/{verb}", **key, username=user, permission=permission)


def _call(method: str, path: str, **fields: str) -> dict:
    """Return the server's answer, or end with what it says is wrong."""
    url = f"{os.environ['MLFLOW_TRACKING_URI'].rstrip('/')}/api/2.0/mlflow/{path}"
    user, password = (os.environ[f"MLFLOW_TRACKING_{key}"] for key in ("USERNAME", "PASSWORD"))
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    if method == "GET":
        request = urllib.request.Request(f"{url}?{urllib.parse.urlencode(fields)}", None, headers)
    else:
        request = urllib.request.Request(url, json.dumps(fields).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "{}")
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code}: {_said(error.read().decode(errors='replace'))}")
    except urllib.error.URLError as error:
        sys.exit(f"{url}: {error.reason}")


def _said(body: str) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.strip()[:200]


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        sys.exit("the two are not the same")
    return password


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    for action in ("add", "password", "remove", "show", "permit"):
        actions.add_parser(action).add_argument("name")
    permit = actions.choices["permit"]
    permit.add_argument("kind", choices=["experiment", "model"])
    permit.add_argument("what", help="its name")
    permit.add_argument("permission", choices=PERMISSIONS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
