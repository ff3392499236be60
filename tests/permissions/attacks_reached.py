"""What is reached through other things, or by a request that is not whole. As in attacks.py."""

from itertools import product

from tests.permissions.attacks import ALL, attack
from tests.permissions.scene import FILE, PAGES, REST, Scene

__all__ = ["ALL"]  # these and those of attacks.py

CREATE = f"{REST}/mlflow/experiments/create"


@attack
def uploading_by_the_other_name_of_a_run(scene: Scene) -> None:
    mine, theirs = scene.mine.run, scene.shown.run
    for query in (
        f"run_id={mine}&run_uuid={theirs}",
        f"run_uuid={mine}&run_uuid={theirs}",
        f"run_uuid={theirs}&run_id={mine}",
        f"run_id={theirs}",
    ):
        path = f"{PAGES}/mlflow/upload-artifact?{query}&path={FILE}"
        scene.refused(scene.bob("POST", path, body=b"evil"))
        scene.refused(scene.bob("POST", path, {"run_uuid": mine}))
    own = f"{PAGES}/mlflow/upload-artifact?run_uuid={mine}&path=own.json"
    assert scene.bob("POST", own, '{"a": 1, "a": 2}').status == 200, "what is kept is not judged"


@attack
def claiming_a_folder(scene: Scene) -> None:
    """Neither one that files lie in, nor one that another spelling of a location names."""
    world, admin = scene.world, scene.world.admin
    files = f"{REST}/mlflow-artifacts/artifacts"
    world.must(admin, "PUT", f"{files}/shared/file", body=b"of all")
    container = "wasbs://artifactroot@tharindumlflow0aa3981a.blob.core.windows.net"
    spelt = {
        "slashes": "mlflow-artifacts:///slashes",
        "host": "mlflow-artifacts://elsewhere/host",
        "http": f"http://elsewhere{files}/http",
        "own": f"{container}/own",
        "end": "mlflow-artifacts:/end/",
    }
    for name, location in spelt.items():
        experiment = world.experiment(admin, f"old {name}", artifact_location=location)
        world.permit("ann", "experiment", experiment, "MANAGE")
        world.must("ann", "PUT", f"{files}/{name}/file", body=b"hers")
        assert scene.ann("GET", f"{files}/{name}/file").body == b"hers", name
        run = world.run("ann", experiment)
        listed = scene.ann("GET", f"{REST}/mlflow/artifacts/list?run_id={run}")
        assert listed.status == 200, (name, listed)
    taken = ["shared", "3.", "3 ", "a/..", "workspaces/x/1", "a b", ".a", "a//b"]
    taken += [*spelt, *(f"{name}/inside" for name in spelt)]
    for number, name in enumerate(taken):
        said = {"name": f"claim {number}", "artifact_location": f"mlflow-artifacts:/{name}"}
        scene.refused(scene.bob("POST", CREATE, said))
        scene.refused(scene.bob("GET", f"{files}/{name}/file".replace(" ", "%20")))


@attack
def what_a_run_says_of_anothers_model(scene: Scene) -> None:
    """MLflow 3 keeps models that no registry holds: an experiment owns them."""
    if scene.world.series == "2.22":
        return
    made = {"experiment_id": scene.secret.experiment, "name": "logged"}
    model = scene.ann("POST", f"{REST}/mlflow/logged-models", made).json["model"]["info"]
    theirs, run = model["model_id"], scene.mine.run
    metric = {"key": "a", "value": 1, "timestamp": 1, "step": 0, "model_id": theirs}
    for action, said in (
        ("log-metric", metric),
        ("log-batch", {"metrics": [metric]}),
        ("log-inputs", {"models": [{"model_id": theirs}]}),
        ("outputs", {"models": [{"model_id": theirs, "step": 0}]}),
    ):
        scene.refused(scene.bob("POST", f"{REST}/mlflow/runs/{action}", {"run_id": run, **said}))
    linked = {"experiment_id": scene.mine.experiment, "source_run_id": scene.secret.run}
    scene.refused(scene.bob("POST", f"{REST}/mlflow/logged-models", linked))
    own = {"experiment_id": scene.mine.experiment, "source_run_id": run}
    logged = scene.bob("POST", f"{REST}/mlflow/logged-models", own).json["model"]["info"]
    mine = {**metric, "model_id": logged["model_id"], "run_id": run}
    assert scene.bob("POST", f"{REST}/mlflow/runs/log-metric", mine).status == 200
    path = f"{PAGES}/mlflow/logged-models/{theirs}/artifacts/files?artifact_file_path=MLmodel"
    scene.refused(scene.bob("GET", path))


@attack
def what_the_server_does_with_its_own_rights(scene: Scene) -> None:
    gateway = "/api/3.0/mlflow/gateway"
    secret = {"secret_name": "s", "secret_value": {"api_key": "k"}, "provider": "openai"}
    scene.refused(
        scene.bob("POST", f"{gateway}/secrets/create", secret),
        scene.bob("POST", f"{gateway}/model-definitions/create", {"name": "m"}),
        scene.bob("POST", f"{gateway}/endpoints/create", {"name": "e"}),
        scene.bob("GET", "/api/3.0/mlflow/roles/list?workspace=default"),
        scene.bob("GET", "/api/3.0/mlflow/roles/get?role_id=1"),
        scene.bob("POST", f"{REST}/mlflow/webhooks", {"name": "w", "url": "http://127.0.0.1/"}),
    )
    query = {"query": "{mlflowGetExperiment(input:{}){experiment{name}}}"}
    assert b'"Default"' not in scene.bob("POST", "/graphql", query).body


@attack
def requests_that_are_not_whole(scene: Scene) -> None:
    """A 400 of ours, no traceback, and nothing is done."""
    mine, long = scene.mine, "5" * 5000
    create = f"{REST}/mlflow/model-versions/create"
    for number in (long, "9" * 10, "9" * 19, "-1", "1e3", "0x1", "a\0b", "\ud800"):
        said = {"experiment_id": number, "new_name": "n"}
        scene.refused(scene.bob("POST", f"{REST}/mlflow/experiments/update", said))
        scene.refused(scene.bob("POST", f"{REST}/mlflow/runs/update", {"run_id": number}))
    for value in (5, True, [], {}, "x", [5], [[]], None):
        said = {"name": mine.model, "source": f"runs:/{mine.run}/m", "tags": value}
        assert scene.bob("POST", create, said).status in (200, 400), value
        for field in ("name", "source"):
            answer = scene.bob("POST", create, {**said, "tags": [], field: value})
            assert answer.status in (400, 403, 404), (field, value, answer)
    broken = ["mlflow-artifacts://[x/y", "http://[x/y", "models:/x/", f"models:/{mine.model}/1/x"]
    broken += [f"models:/{mine.model}", f"models://{mine.model}/1", "runs:/", "runs:/x/../y", "::"]
    broken += [f"runs:/{mine.run}/../../x", f"runs:/{mine.run}/%2e%2e/x", "\0", "models:/m-1"]
    for source in broken:
        scene.refused(scene.bob("POST", create, {"name": mine.model, "source": source}))
        scene.refused(scene.bob("POST", CREATE, {"name": "n", "artifact_location": source}))
    read = f"/model-versions/get-artifact?name={mine.model}&path={FILE}"
    for version in ("1&version=2", "", "x", "1.0", long, "-1"):
        scene.refused(scene.bob("GET", f"{read}&version={version}"))
    scene.refused(scene.bob("GET", f"{read}&version=1&name=other"))
    for path in (f"{long}/x", "%00", f"{mine.experiment}/%00"):
        scene.refused(scene.bob("GET", f"{REST}/mlflow-artifacts/artifacts/{path}"))
        scene.refused(scene.bob("GET", f"{REST}/mlflow-artifacts/artifacts?path={path}"))
    partly = {"tags": [5], "experiment_id": mine.experiment, "start_time": 1}
    scene.refused(scene.bob("POST", f"{REST}/mlflow/runs/create", partly))
    for body in ("", "null", "[]", "5", '"x"', "{", "[" * 100_000, "\x00"):
        scene.refused(scene.bob("POST", f"{REST}/mlflow/runs/delete", body))
    assert scene.world.ask("bo\0b", "GET", "/version").status == 401


@attack
def renaming_a_model_to_its_own_name(scene: Scene) -> None:
    """It is refused, or done: its owner keeps it."""
    model = scene.mine.model
    same = {"name": model, "new_name": model}
    scene.bob("POST", f"{REST}/mlflow/registered-models/rename", same)
    assert scene.bob("GET", f"{REST}/mlflow/registered-models/get?name={model}").status == 200


@attack
def deleting_what_begins_alike(scene: Scene) -> None:
    world = scene.world
    files = f"{REST}/mlflow-artifacts/artifacts"
    for who, name in (("ann", "alike-2"), ("bob", "alike")):
        location = f"mlflow-artifacts:/{name}"
        world.experiment(who, name, artifact_location=location)
        world.must(who, "PUT", f"{files}/{name}/file", body=b"kept")
    for path in ("alike", "alike/"):
        assert scene.bob("DELETE", f"{files}/{path}").status in (200, 308, 404)
    assert scene.ann("GET", f"{files}/alike-2/file").body == b"kept"
    for prefix, path in product((REST, PAGES), ("alike-", "alike-2", "")):
        answer = scene.bob("DELETE", f"{prefix}/mlflow-artifacts/artifacts/{path}")
        assert answer.status in (400, 403, 404, 405), (path, answer)
