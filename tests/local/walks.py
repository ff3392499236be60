"""docs/users.md and docs/client.md from top to bottom, against a server of either series."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request

from tests.local.desk import Desk, commands

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
REST = "api/2.0/mlflow"


def ask(
    like, path: str, user: str = "", password: str = "", /, **fields: object
) -> tuple[int, dict]:
    """The status and the answer of a request; without a user, as nobody."""
    request = urllib.request.Request(f"{like.url}/{path}")
    if user:
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
    if fields:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(fields).encode()
        request.method = "PATCH" if "update-" in path else "POST"
    try:
        with _OPENER.open(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {"text": error.read().decode()}


def as_admin(like, path: str, /, **fields: object) -> dict:
    variables = like.variables
    user, password = variables["MLFLOW_TRACKING_USERNAME"], variables["MLFLOW_TRACKING_PASSWORD"]
    status, answer = ask(like, path, user, password, **fields)
    assert status == 200, answer
    return answer


def experiment(like, name: str) -> str:
    """Return the id of an experiment of that name, made if there is none."""
    path = f"{REST}/experiments/get-by-name?{urllib.parse.urlencode({'experiment_name': name})}"
    known = ask(like, path, "admin", like.variables["MLFLOW_TRACKING_PASSWORD"])
    if known[0] == 200:
        return known[1]["experiment"]["experiment_id"]
    return as_admin(like, f"{REST}/experiments/create", name=name)["experiment_id"]


def model(like, name: str) -> None:
    """Make a registered model of that name where there is none."""
    password = like.variables["MLFLOW_TRACKING_PASSWORD"]
    if ask(like, f"{REST}/registered-models/get?name={name}", "admin", password)[0] != 200:
        as_admin(like, f"{REST}/registered-models/create", name=name)


FIRST, SECOND = "first password of alice", "second one of alice's \\ \" $ % é"
LOGIN = f"{REST}/experiments/search?max_results=1"
DEFAULT = "default_permission is EDIT: without a grant, everything may be read and changed\n"


def users_page(desk: Desk, *, denies: bool) -> None:
    """What docs/users.md says; `denies`: NO_PERMISSIONS for one thing is of MLflow 2.22."""
    like = desk.server
    hidden = experiment(like, "salaries")
    experiment(like, "example")
    model(like, "example-iris")
    add, edit, manage, revoke, deny, show, everybody, password, remove, *rest = commands("users.md")

    said = desk.run(add, input=FIRST + "\n")
    assert said == f"alice may log in at {like.url}\n{DEFAULT}"
    assert ask(like, LOGIN, "alice", FIRST)[0] == 200
    cure = "another password for them: gen users password --env dev alice"
    there = f"environments/dev.yaml: a user alice exists already; {cure}\n"
    assert desk.run(add, input=SECOND, exit_code=1) == there

    assert desk.run(edit) == "alice has EDIT for experiment example\n"
    assert desk.run(edit) == "alice already has EDIT for experiment example\n"
    assert desk.run(manage) == "alice has MANAGE for model example-iris\n"
    assert desk.run(manage.replace("MANAGE", "READ")).startswith(
        "alice has READ for model example-iris, no longer MANAGE\n"
    )
    assert desk.run(revoke) == f"alice no longer has READ for model example-iris\n{DEFAULT}"
    assert desk.run(revoke) == f"alice has no grant for model example-iris\n{DEFAULT}"
    desk.run(manage)
    _denied(desk, deny, hidden, denies=denies)

    lines = desk.run(show).splitlines()
    assert {tuple(line.split()) for line in lines[2:]} == {
        ("experiment", "example", "EDIT"),
        ("model", "example-iris", "MANAGE"),
        *([("experiment", "salaries", "NO_PERMISSIONS")] if denies else []),
    }
    listed = desk.run(everybody)
    by_kubectl = "MLflow 2.22.0 has no route that lists users: kubectl asks PostgreSQL\n"
    assert listed.startswith(by_kubectl) == denies
    rows = [tuple(line.split()) for line in listed.splitlines()]
    assert ("alice", "no", "3" if denies else "2") in rows
    assert [row[0] for row in rows if row[1] == "yes"] == ["admin"]

    desk.run(password, input=SECOND)
    assert ask(like, LOGIN, "alice", FIRST)[0] == 401
    herself = {"MLFLOW_TRACKING_USERNAME": "alice", "MLFLOW_TRACKING_PASSWORD": SECOND}
    desk.run(password, input=FIRST, **herself)
    assert ask(like, LOGIN, "alice", SECOND)[0] == 401
    _as_herself(desk, show, manage, herself | {"MLFLOW_TRACKING_PASSWORD": FIRST})

    _removed(desk, add, show, remove, denies=denies)
    _another_administrator(desk, *rest[:2])
    _rotated(desk, *rest[2:])


def _denied(desk: Desk, deny: str, hidden: str, *, denies: bool) -> None:
    """NO_PERMISSIONS for one thing: hidden by MLflow 2.22, and refused with 3.16."""
    if denies:
        assert desk.run(deny) == "alice has NO_PERMISSIONS for experiment salaries\n"
        get = f"{REST}/experiments/get?experiment_id={hidden}"
        assert ask(desk.server, get, "alice", FIRST)[0] == 403
        _, found = ask(desk.server, f"{REST}/experiments/search?max_results=1000", "alice", FIRST)
        names = {one["name"] for one in found["experiments"]}
        assert "example" in names
        assert "salaries" not in names
    else:
        said = desk.run(deny, exit_code=1)
        assert "takes no NO_PERMISSIONS for one thing; instead: apps.mlflow.auth." in said
        floor = desk.run(deny.replace("NO_PERMISSIONS", "READ"))
        assert "default_permission EDIT stays: MLflow 3.16" in floor
        desk.run(deny.replace("permit", "revoke").replace(" NO_PERMISSIONS", ""))


def _as_herself(desk: Desk, show: str, permit: str, herself: dict[str, str]) -> None:
    """Who is no administrator is told so in a line."""
    denied = "environments/dev.yaml: 403: alice may not do this; it takes an administrator\n"
    assert desk.run(show.replace("alice", "admin"), exit_code=1, **herself) == denied
    assert desk.run("gen users remove --env dev admin2", exit_code=1, **herself) == denied
    wrong = herself | {"MLFLOW_TRACKING_PASSWORD": "not hers"}
    said = desk.run(show, exit_code=1, **wrong)
    assert said.startswith("environments/dev.yaml: 401: the user or the password is wrong; MLFLOW")


def _removed(desk: Desk, add: str, show: str, remove: str, *, denies: bool) -> None:
    """She cannot log in, and whoever is made anew under her name has nothing of hers."""
    like = desk.server
    assert ask(like, f"{REST}/experiments/create", "alice", FIRST, name="hers")[0] == 200
    desk.run("gen users add --env dev bob", input="the password of bob")
    desk.run("gen users permit --env dev bob model example-iris MANAGE")
    others = "; others by a grant, if any" if denies else ""
    iris = "administrators" if denies else "administrators, bob"
    assert sorted(desk.run(remove).splitlines()) == [
        "alice is removed, and cannot log in",
        f"experiment hers is now managed by: administrators{others}",
        f"model example-iris is now managed by: {iris}{others}",
    ]
    assert ask(like, LOGIN, "alice", FIRST)[0] == 401
    nobody = "environments/dev.yaml: there is no user alice; who there is: gen users list"
    for command in (remove, show, "gen users permit --env dev alice model example-iris READ"):
        assert desk.run(command, exit_code=1) == f"{nobody} --env dev\n"
    desk.run(add, input=FIRST)
    assert desk.run(show) == DEFAULT
    assert desk.run(remove) == "alice is removed, and cannot log in\n"
    desk.run(remove.replace("alice", "bob"))


def _another_administrator(desk: Desk, set_: str, remove: str) -> None:
    """The server is told by its API what a restart with the new value tells it."""
    like, password = desk.server, desk.password
    refused = desk.run(remove, exit_code=1)
    assert refused.startswith("environments/dev.yaml: apps.mlflow.auth.admin: admin is the admin")
    desk.run(set_)
    _administrator(like, "root", ("admin", password), password)
    assert desk.run(remove).startswith("admin is removed, and cannot log in\n")
    assert ask(like, LOGIN, "admin", password)[0] == 401

    desk.run(set_.replace("=root", "=admin"))
    _administrator(like, "admin", ("root", password), password)
    desk.run(remove.replace(" admin", " root"))
    assert ask(like, LOGIN, "root", password)[0] == 401


def _administrator(like, name: str, by: tuple[str, str], password: str) -> None:
    assert ask(like, f"{REST}/users/create", *by, username=name, password=password)[0] == 200
    assert ask(like, f"{REST}/users/update-admin", *by, username=name, is_admin=True)[0] == 200


def _rotated(desk: Desk, rotate: str, commit: str) -> None:
    """Until the pods have the new secret, the server's password is another."""
    said = desk.run(rotate)
    assert "admin-password is new. Next: commit and push." in said
    desk.run(commit)
    assert desk.run("git log --format=%s origin/main -1") == (
        "Rotate the administrator's password\n"
    )
    refused = desk.run("gen users list --env dev", exit_code=1)
    assert refused == (
        "environments/dev.yaml: 401: the user or the password is wrong; the secret admin-password "
        "is another than the server's: has it been rolled out?\n"
    )
    desk.run("gen secrets set --env dev admin-password", input=desk.password)


def client_page(desk: Desk) -> None:
    """What docs/client.md says, but for the example, which needs more than a server."""
    settings, check, install, example = commands("client.md")
    assert install.startswith("pip install mlflow==2.22.0 ")
    assert example == "python examples/track.py"
    url = desk.server.url
    assert desk.run(f"{settings}\n{check}") == f"{url} is healthy, and admin may log in\n"
    said = desk.run(check, exit_code=1)
    assert said == f"environments/dev.yaml: MLFLOW_TRACKING_URI is not set; run: {settings}\n"
