"""What a user without the permission tries: each refuses, and what it names stays as it was.

Every function is one kind. It says what bob asks for; that ann's things are unchanged is asserted
after each of them.
"""

from collections.abc import Callable, Iterator
from itertools import product
from urllib.parse import quote

from tests.permissions.scene import BYTES, FILE, PAGES, REST, Owned, Scene

Attack = Callable[[Scene], None]
ALL: list[Attack] = []

_PREFIXES = (REST, PAGES)
_FILES = "mlflow-artifacts/artifacts"


def attack(function: Attack) -> Attack:
    ALL.append(function)
    return function


def _ann(scene: Scene) -> Iterator[Owned]:
    yield from (scene.secret, scene.shown)


@attack
def overwriting_and_deleting_files(scene: Scene) -> None:
    for prefix, owned in product(_PREFIXES, _ann(scene)):
        path = f"{prefix}/{_FILES}/{owned.path}"
        scene.refused(scene.bob("PUT", path, body=b"evil"), scene.bob("DELETE", path))
        folder = path.removesuffix(f"/{FILE}")
        scene.refused(scene.bob("DELETE", folder), scene.bob("PUT", f"{folder}/new", body=b"evil"))
        upload = f"{PAGES}/mlflow/upload-artifact?run_uuid={owned.run}&path={FILE}"
        scene.refused(scene.bob("POST", upload, body=b"evil"))


@attack
def signing_an_upload(scene: Scene) -> None:
    for prefix, owned in product(_PREFIXES, _ann(scene)):
        folder = owned.path.removesuffix(f"/{FILE}")
        part = {"path": FILE, "num_parts": 1}
        scene.refused(scene.bob("POST", f"{prefix}/mlflow-artifacts/mpu/create/{folder}", part))
        mine = f"{prefix}/mlflow-artifacts/mpu/create/{scene.mine.experiment}"
        for path in ("..", f"../{owned.path}", f"..\\{owned.path}"):
            scene.refused(scene.bob("POST", mine, {"path": path, "num_parts": 1}))


@attack
def reading_by_another_spelling_of_the_path(scene: Scene) -> None:
    path = scene.secret.path
    spelt = [path, f"./{path}", f".//{path}", f"%2e/{path}", quote(path, safe=""), f"%2F{path}"]
    spelt += [f"0{path}", f"x/../{path}", f"{scene.mine.experiment}/../{path}"]
    spelt += [f"x\\..\\{path}", f"{scene.mine.experiment}%5C..%5C{path}", f"workspaces/x/{path}"]
    spelt += [quote(quote(path, safe=""), safe=""), f"%252e/{path}", path.replace("/", "//", 1)]
    for prefix, form in product(_PREFIXES, spelt):
        answer = scene.bob("GET", f"{prefix}/{_FILES}/{form}")
        assert BYTES not in answer.body, form
        if answer.status != 308:  # which only says how the path is written
            scene.refused(answer)
        written = scene.bob("PUT", f"{prefix}/{_FILES}/{form}", body=b"evil")
        assert written.status in (308, 400, 403, 404, 405), (form, written)


@attack
def listing_folders(scene: Scene) -> None:
    hidden = [scene.secret.experiment, f"./{scene.secret.experiment}/{scene.secret.run}", "", "."]
    for prefix, path in product(_PREFIXES, hidden):
        scene.refused(scene.bob("GET", f"{prefix}/{_FILES}?path={path}"))
    scene.refused(*(scene.bob("GET", f"{prefix}/{_FILES}") for prefix in _PREFIXES))
    mine = f"{scene.mine.experiment}&path={scene.secret.experiment}"
    scene.refused(scene.bob("GET", f"{REST}/{_FILES}?path={mine}"))


@attack
def naming_a_run_twice(scene: Scene) -> None:
    mine, theirs = scene.mine.run, scene.shown.run
    twice = [{"run_id": mine, "runId": theirs}, {"runId": theirs}, {"run_uuid": theirs}]
    twice += [{"run_uuid": mine, "runId": theirs}, {"run_id": mine, "runUuid": theirs}]
    twice += [{"run_id": mine, "run_uuid": theirs}, {"run_id": theirs, "run_uuid": mine}]
    twice += [
        f'{{"run_id": "{theirs}", "run_id": "{mine}"}}',
        f'"{{\\"run_id\\": \\"{theirs}\\"}}"',
    ]
    actions = {
        "runs/delete": {},
        "runs/restore": {},
        "runs/update": {"status": "FAILED"},
        "runs/set-tag": {"key": "a", "value": "b"},
        "runs/delete-tag": {"key": "mlflow.runName"},
        "runs/log-metric": {"key": "a", "value": 1, "timestamp": 1},
        "runs/log-parameter": {"key": "a", "value": "b"},
        "runs/log-batch": {"params": [{"key": "a", "value": "b"}]},
        "runs/log-inputs": {"datasets": []},
    }
    for (action, more), said in product(actions.items(), twice):
        body = {**said, **more} if isinstance(said, dict) else said
        scene.refused(scene.bob("POST", f"{REST}/mlflow/{action}", body))
        scene.refused(scene.bob("POST", f"{REST}/mlflow/{action}?run_id={mine}", body))


@attack
def naming_an_experiment_twice(scene: Scene) -> None:
    mine, theirs = scene.mine.experiment, scene.secret.experiment
    said = [{"experiment_id": mine, "experimentId": theirs}, {"experimentId": theirs}]
    said += [{"experiment_id": form} for form in (f"0{theirs}", f" {theirs}", f"+{theirs}")]
    said += [{"experiment_id": form} for form in (f"{theirs} ", chr(0x660 + int(theirs)), "", None)]
    said += [{}]
    actions = ("delete", "restore", "update", "set-experiment-tag")
    for action, named in product(actions, said):
        more = {"new_name": "taken", "key": "a", "value": "b"}
        scene.refused(scene.bob("POST", f"{REST}/mlflow/experiments/{action}", {**named, **more}))
    for named in said:
        made = {**named, "start_time": 1}
        scene.refused(scene.bob("POST", f"{REST}/mlflow/runs/create", made))
    for form in (theirs, f"0{theirs}", f"%20{theirs}", f"{mine}&experiment_id={theirs}"):
        get = f"{REST}/mlflow/experiments/get?experiment_id={form}"
        scene.refused(scene.bob("GET", get))
    body = {"experiment_id": theirs}
    scene.refused(scene.bob("GET", f"{REST}/mlflow/experiments/get?experiment_id={mine}", body))


@attack
def another_content_type(scene: Scene) -> None:
    said = f'{{"run_id": "{scene.shown.run}"}}'.encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json5", ""):
        typed = {"Content_Type": kind} if kind else {}
        scene.refused(scene.bob("POST", f"{REST}/mlflow/runs/delete", body=said, **typed))
    name = f'{{"name": "{scene.shown.model}"}}'.encode()
    path = f"{REST}/mlflow/registered-models/delete?name={scene.mine.model}"
    scene.refused(scene.bob("DELETE", path, body=name, Content_Type="text/plain"))
    scene.refused(scene.bob("DELETE", path, body=name, Content_Type="application/json"))


@attack
def asking_with_head(scene: Scene) -> None:
    run = scene.secret.run
    for path in (
        f"{REST}/mlflow/runs/get?run_id={run}",
        f"{REST}/{_FILES}/{scene.secret.path}",
        f"/get-artifact?run_id={run}&path={FILE}",
        f"/get-artifact?run_id={scene.mine.run}&run_uuid={run}&path={FILE}",
    ):
        scene.refused(scene.bob("HEAD", path))
        scene.refused(scene.bob("GET", path))


@attack
def a_version_whose_source_is_anothers(scene: Scene) -> None:
    theirs = scene.secret
    sources = [
        theirs.location,
        f"{theirs.location}/",
        f"runs:/{theirs.run}",
        f"models:/{theirs.model}/1",
    ]
    sources += [f"runs:/{theirs.run}/artifacts", f"mlflow-artifacts://host:1/{theirs.path}"]
    sources += [
        f"http://elsewhere{REST}/{_FILES}/{theirs.path}",
        f"mlflow-artifacts:///{theirs.path}",
    ]
    sources += [f"mlflow-artifacts:/{scene.mine.experiment}/../{theirs.path}", "mlflow-artifacts:/"]
    sources += [f"mlflow-artifacts:/%2e/{theirs.path}", f"mlflow-artifacts:/./{theirs.path}"]
    sources += ["file:///run/secrets/mlflow", "/run/secrets/mlflow", "file:/etc", "../secrets"]
    container = "artifactroot@tharindumlflow0aa3981a.blob.core.windows.net"
    sources += [f"wasbs://{container}/{theirs.path}", "http://127.0.0.1:10000/x", "s3://a/b"]
    create = f"{REST}/mlflow/model-versions/create"
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    for source, tags in product(sources, ([], prompt)):
        said = {"name": scene.mine.model, "source": source, "tags": tags}
        scene.refused(scene.bob("POST", create, said))
        said |= {"run_id": scene.mine.run}
        scene.refused(scene.bob("POST", create, said))
    # One that the administrator made, as before this was judged: not its bytes.
    old = {"name": scene.mine.model, "source": theirs.location}
    made = scene.world.must(scene.world.admin, "POST", create, old)["model_version"]["version"]
    read = f"/model-versions/get-artifact?name={scene.mine.model}&version={made}&path={FILE}"
    scene.refused(scene.bob("GET", read), scene.bob("HEAD", read))
    copied = {"name": scene.mine.model, "source": f"models:/{scene.mine.model}/{made}"}
    scene.refused(scene.bob("POST", create, copied))
    gone = {"name": scene.mine.model, "version": made}
    scene.world.must(scene.world.admin, "DELETE", f"{REST}/mlflow/model-versions/delete", gone)


@attack
def an_experiment_in_anothers_folder(scene: Scene) -> None:
    theirs = scene.secret
    places = [f"mlflow-artifacts:/{theirs.experiment}", theirs.location, "mlflow-artifacts:/"]
    places += [f"mlflow-artifacts:///{theirs.path}", f"mlflow-artifacts://h/{theirs.experiment}"]
    places += [f"mlflow-artifacts:/x/../{theirs.experiment}", f"mlflow-artifacts:/./{theirs.path}"]
    places += [f"http://h{REST}/{_FILES}/{theirs.experiment}", "file:///run/secrets", "/etc", "etc"]
    places += ["mlflow-artifacts:/12345", "mlflow-artifacts:/%2e", "mlflow-artifacts:/a%2fb"]
    container = "artifactroot@tharindumlflow0aa3981a.blob.core.windows.net"
    places += [f"wasbs://{container}/{theirs.experiment}", f"wasbs://{container}/"]
    create = f"{REST}/mlflow/experiments/create"
    for number, place in enumerate(places):
        said = {"name": f"taken-{number}", "artifact_location": place}
        scene.refused(scene.bob("POST", create, said))
    own = {"name": "a place of ann's own", "artifact_location": "mlflow-artifacts:/team/ann"}
    assert scene.ann("POST", create, own).status == 200
    for number, place in enumerate(("team", "team/ann", "team/ann/inside")):
        said = {"name": f"near-{number}", "artifact_location": f"mlflow-artifacts:/{place}"}
        scene.refused(scene.bob("POST", create, said))
    assert scene.ann("PUT", f"{REST}/{_FILES}/team/ann/file", body=b"hers").status == 200
    assert scene.ann("GET", f"{REST}/{_FILES}/team/ann/file").body == b"hers"
    scene.refused(scene.bob("GET", f"{REST}/{_FILES}/team/ann/file"))
    scene.refused(scene.bob("GET", f"{REST}/{_FILES}?path=team"))


@attack
def a_trace_that_lies_elsewhere(scene: Scene) -> None:
    theirs, mine = scene.secret, scene.mine
    for name in ("mlflow.artifactLocation", "mlflow.trace.archiveLocation"):
        tag = {"key": name, "value": theirs.location}
        path = f"{REST}/mlflow/traces/{mine.trace}"
        scene.refused(scene.bob("PATCH", f"{path}/tags", tag))
        end = {"timestamp_ms": 2, "status": "OK", "request_metadata": [], "tags": [tag]}
        scene.refused(scene.bob("PATCH", path, end))
        start = {"experiment_id": mine.experiment, "timestamp_ms": 1, "request_metadata": []}
        scene.refused(scene.bob("POST", f"{REST}/mlflow/traces", {**start, "tags": [tag]}))
    for owned, tag in product((theirs, scene.shown), ({"key": "a", "value": "b"},)):
        path = f"{REST}/mlflow/traces/{owned.trace}"
        scene.refused(scene.bob("PATCH", f"{path}/tags", tag))
        scene.refused(scene.bob("DELETE", f"{path}/tags", {"key": "mlflow.artifactLocation"}))
        deleted = {"experiment_id": owned.experiment, "request_ids": [owned.trace]}
        scene.refused(scene.bob("POST", f"{REST}/mlflow/traces/delete-traces", deleted))
        aliased = {"experiment_id": mine.experiment, "experimentId": owned.experiment}
        aliased |= {"request_ids": [owned.trace]}
        scene.refused(scene.bob("POST", f"{REST}/mlflow/traces/delete-traces", aliased))
        scene.bob(
            "POST",
            f"{REST}/mlflow/traces/delete-traces",
            {**deleted, "experiment_id": mine.experiment},
        )
    scene.refused(scene.bob("GET", f"{REST}/mlflow/traces/{theirs.trace}/info"))
    scene.refused(scene.bob("GET", f"{PAGES}/mlflow/get-trace-artifact?request_id={theirs.trace}"))


@attack
def what_was_made_for_another_model_of_that_name(scene: Scene) -> None:
    admin, world, name = scene.world.admin, scene.world, "renewed"
    models = f"{REST}/mlflow/registered-models"
    for how in ("delete", "rename"):
        world.must("ann", "POST", f"{models}/create", {"name": name})
        world.permit("bob", "registered_model", name, "MANAGE")
        if how == "delete":
            world.must("ann", "DELETE", f"{models}/delete", {"name": name})
        else:
            world.must(admin, "POST", f"{models}/rename", {"name": name, "new_name": "kept"})
        world.must("ann", "POST", f"{models}/create", {"name": name})
        scene.refused(scene.bob("GET", f"{models}/get?name={name}"))
        scene.refused(scene.bob("DELETE", f"{models}/delete", {"name": name}))
        world.must("ann", "DELETE", f"{models}/delete", {"name": name})


@attack
def what_others_have_in_lists(scene: Scene) -> None:
    hidden, search = scene.secret, scene.bob
    mine = [scene.mine.experiment, hidden.experiment]
    lists = [
        search("POST", f"{REST}/mlflow/runs/search", {"experiment_ids": mine}),
        search("GET", f"{REST}/mlflow/experiments/search?max_results=50"),
        search("POST", f"{REST}/mlflow/experiments/search", {"max_results": 50}),
        search("GET", f"{REST}/mlflow/registered-models/search?max_results=50"),
        search("GET", f"{REST}/mlflow/model-versions/search?max_results=50"),
        search("GET", f"{REST}/mlflow/model-versions/search?max_results=50&filter=name%3D'secret'"),
        search("GET", f"{REST}/mlflow/traces?experiment_ids={mine[0]}&experiment_ids={mine[1]}"),
        search("GET", f"{REST}/mlflow/users/list"),
    ]
    bulk = f"run_id={scene.mine.run}&run_id={hidden.run}&metric_key=a"
    lists.append(search("GET", f"{PAGES}/mlflow/metrics/get-history-bulk?{bulk}"))
    for answer in lists:
        assert answer.status in (200, 403, 404), answer
        for name in (b'"secret"', hidden.run.encode(), hidden.trace.encode(), b'"ann"'):
            assert name not in answer.body, answer


@attack
def users_and_what_they_may(scene: Scene) -> None:
    own = {"username": "bob", "permission": "MANAGE"}
    on_experiment = {**own, "experiment_id": scene.secret.experiment}
    on_model = {**own, "name": scene.secret.model}
    for thing, said in (("experiments", on_experiment), ("registered-models", on_model)):
        for method, how in (("POST", "create"), ("PATCH", "update"), ("DELETE", "delete")):
            path = f"{REST}/mlflow/{thing}/permissions/{how}"
            scene.refused(scene.bob(method, path, said))
    resource = {**own, "resource_type": "experiment", "resource_id": scene.secret.experiment}
    scene.refused(scene.bob("POST", "/api/3.0/mlflow/users/permissions/grant", resource))
    users = f"{REST}/mlflow/users"
    new = {"username": "eve", "password": "a password of eve"}
    form = b"username=eve&password=a+password+of+eve"
    urlencoded = {"Content_Type": "application/x-www-form-urlencoded"}
    scene.refused(
        scene.bob("POST", f"{users}/create", new),
        scene.bob("POST", f"{users}/create-ui", body=form, **urlencoded),
        scene.bob("GET", "/signup"),
        scene.bob("GET", f"{users}/get?username=ann"),
        scene.bob("PATCH", f"{users}/update-password", {**new, "username": "ann"}),
        scene.bob("PATCH", f"{users}/update-admin", {"username": "bob", "is_admin": True}),
        scene.bob("DELETE", f"{users}/delete", {"username": "ann"}),
    )
    assert b'"ann"' not in scene.bob("GET", f"{users}/get?username=bob&username=ann").body
