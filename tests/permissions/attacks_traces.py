"""What a user without the permission tries with traces, and the honest request beside each."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import product
from typing import Any

from tests.manifests.pods import Process
from tests.manifests.serving import SECRETS
from tests.permissions.scene import ATTACKER, OWNER, PAGES, REST, Owned, Scene
from tests.permissions.world import Answer

_V3, _PAGES_V3 = "/api/3.0/mlflow", "/ajax-api/3.0/mlflow"
_LOCATIONS = ("mlflow.artifactLocation", "mlflow.trace.archiveLocation")
_SPANS = "mlflow.trace.spansLocation"
_CONTAINER = "wasbs://artifactroot@tharindumlflow0aa3981a.blob.core.windows.net"
_ARCHIVE = "traces.pb"

# MLflow's own client. That of 2.22 ends no trace with the OpenTelemetry beside it.
_CLIENT = """
import mlflow
mlflow.set_tracking_uri("http://127.0.0.1:5000")
experiment = mlflow.set_experiment("traces of bob's").experiment_id
with mlflow.start_span("question") as span:
    span.set_outputs("answer")
mlflow.flush_trace_async_logging()
(trace,) = mlflow.search_traces(locations=[experiment], return_type="list")
mlflow.set_trace_tag(trace.info.trace_id, "a", "b")
mlflow.log_feedback(trace_id=trace.info.trace_id, name="good", value=True)
print(mlflow.get_trace(trace.info.trace_id).data.spans[0].outputs)
mlflow.MlflowClient().delete_traces(experiment, trace_ids=[trace.info.trace_id])
"""


def _start(experiment: str, trace: str, **info: Any) -> dict[str, Any]:
    where = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    said = {"trace_id": trace, "trace_location": where, "state": "OK", **info}
    return {"trace": {"trace_info": {"request_time": "2025-01-01T00:00:00Z", **said}}}


def _assessment(**more: Any) -> dict[str, Any]:
    times = dict.fromkeys(("create_time", "last_update_time"), "2025-01-01T00:00:00Z")
    source = {"source_type": "HUMAN", "source_id": "x"}
    said = {"assessment_name": "good", "source": source, "feedback": {"value": True}}
    return said | times | more


def _spans(*traces: str, parent: str = "", attributes: Mapping[str, str] | None = None) -> Any:
    """Return one span of each trace, as OTLP says it in JSON."""
    said = [
        {"key": key, "value": {"stringValue": text}} for key, text in (attributes or {}).items()
    ]
    spans = [
        {
            "traceId": trace.removeprefix("tr-"),
            "spanId": "b" * 16,
            **({"parentSpanId": parent} if parent else {}),
            "name": "a span",
            "startTimeUnixNano": "1700000000000000000",
            "endTimeUnixNano": "1700000001000000000",
            "attributes": said,
        }
        for trace in traces
    ]
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}


def _send(scene: Scene, who: str, experiment: str, spans: Any, **headers: str) -> Answer:
    headers = {"X_MLflow_Experiment_Id": experiment, **headers}
    return scene.world.ask(who, "POST", "/v1/traces", spans, **headers)


def _made(scene: Scene, who: str, owned: Owned, number: int) -> str:
    """Make a trace with a span and an assessment, by the routes that clients use."""
    trace = f"tr-{number:032x}"
    sent = _send(scene, who, owned.experiment, _spans(trace), X_MLflow_Run_Id=owned.run)
    assert sent.status == 200, sent
    scene.world.must(who, "POST", f"{_V3}/traces", _start(owned.experiment, trace))
    said = {"assessment": _assessment(trace_id=trace)}
    scene.world.must(who, "POST", f"{_V3}/traces/{trace}/assessments", said)
    return trace


def _seen(scene: Scene, trace: str) -> Any:
    answer = scene.world.must(scene.world.admin, "GET", f"{_V3}/traces/get?trace_id={trace}")
    return answer["trace"]


def _assessed(scene: Scene, trace: str) -> str:
    return _seen(scene, trace)["trace_info"]["assessments"][0]["assessment_id"]


def _linked(scene: Scene, owned: Owned) -> list[str]:
    """Return the traces that are linked to a run, as the administrator finds them."""
    script = "SELECT source_id FROM entity_associations WHERE destination_id = '{}' ORDER BY 1"
    return _sql(scene, script.format(owned.run))


# Runs a statement a line, and writes what it returns a line.
_SQL = """
import json, os, sys
import sqlalchemy
password = os.environ["PGPASSWORD"]
url = sqlalchemy.URL.create("postgresql", "mlflow", password, "127.0.0.1", 5432, "mlflow")
with sqlalchemy.create_engine(url).connect() as connection:
    for line in sys.stdin:
        found = connection.exec_driver_sql(json.loads(line))
        rows = [row[0] for row in found] if found.returns_rows else []
        connection.commit()
        print(json.dumps(rows), flush=True)
"""


@cache
def _database(scene: Scene) -> Process:
    password = {"PGPASSWORD": SECRETS["database-password"]}
    return scene.world.cluster.python(_SQL, tool=scene.world.tool, **password)


def _sql(scene: Scene, statement: str) -> list[str]:
    """Ask the database itself: for what was there before a rule, and for what no route shows."""
    database = _database(scene)
    database.stdin.write(json.dumps(statement) + "\n")
    database.stdin.flush()
    return json.loads(database.stdout.readline())


def _plant(scene: Scene, trace: str, **tags: str) -> None:
    """Set a trace's tags as somebody could before it was refused."""
    for key, value in tags.items():
        _sql(scene, f"DELETE FROM trace_tags WHERE request_id = '{trace}' AND key = '{key}'")
        named = f"('{key}', '{value}', '{trace}')"
        _sql(scene, f"INSERT INTO trace_tags (key, value, request_id) VALUES {named}")


@contextmanager
def _unchanged(scene: Scene, *traces: str) -> Iterator[None]:
    before = [_seen(scene, trace) for trace in traces]
    linked = [_linked(scene, owned) for owned in (scene.secret, scene.shown)]
    yield
    assert [_seen(scene, trace) for trace in traces] == before
    assert [_linked(scene, owned) for owned in (scene.secret, scene.shown)] == linked


def _is_3(scene: Scene) -> bool:
    return scene.world.series == "3.16"


def moving_anothers_trace(scene: Scene) -> None:
    mine = scene.mine.experiment
    for owned in (scene.secret, scene.shown):
        for prefix in (_V3, _PAGES_V3, REST, PAGES):
            scene.refused(scene.bob("POST", f"{prefix}/traces", _start(mine, owned.trace)))
            scene.refused(scene.bob("POST", f"{prefix}/mlflow/traces", _start(mine, owned.trace)))
    if not _is_3(scene):
        return
    theirs = [
        _made(scene, OWNER, owned, number)
        for number, owned in enumerate((scene.secret, scene.shown), 0xA1)
    ]
    with _unchanged(scene, *theirs):
        for prefix, trace in product((_V3, _PAGES_V3), theirs):
            said = _start(mine, trace, request_preview="mine", tags={"a": "b"})
            scene.refused(scene.bob("POST", f"{prefix}/traces", said))
            aliased = {"trace": {"traceInfo": said["trace"]["trace_info"]}}
            scene.refused(scene.bob("POST", f"{prefix}/traces", aliased))
    for trace in (f"../../{scene.secret.experiment}/{scene.secret.run}", "a/b", "a\0b"):
        scene.refused(scene.bob("POST", f"{_V3}/traces", _start(mine, trace)))
    own = _made(scene, ATTACKER, scene.mine, 0xB1)
    another = scene.world.experiment(ATTACKER, "another of bob's")
    moved = scene.world.must(ATTACKER, "POST", f"{_V3}/traces", _start(another, own))
    where = moved["trace"]["trace_info"]["trace_location"]["mlflow_experiment"]
    assert where["experiment_id"] == another


def rewriting_anothers_assessments(scene: Scene) -> None:
    if not _is_3(scene):
        return
    theirs = _made(scene, OWNER, scene.shown, 0xA2)
    own = _made(scene, ATTACKER, scene.mine, 0xB2)
    named, mine = _assessed(scene, theirs), _assessed(scene, own)
    says = [_assessment(trace_id=theirs), _assessment(trace_id=theirs, assessment_id=named)]
    says += [_assessment(assessment_id=named), _assessment(trace_id=own, assessment_id=named)]
    says += [_assessment(overrides=named), _assessment(trace_id=own, overrides=named)]
    with _unchanged(scene, theirs):
        for number, said in enumerate(says):
            for trace in (own, f"tr-{0xB20 + number:032x}"):
                whole = _start(scene.mine.experiment, trace, assessments=[said])
                scene.refused(scene.bob("POST", f"{_V3}/traces", whole))
            for prefix, trace in product((_V3, _PAGES_V3), (own, theirs)):
                path = f"{prefix}/traces/{trace}/assessments"
                if trace == theirs or said.get("assessment_id") or said.get("overrides"):
                    scene.refused(scene.bob("POST", path, {"assessment": said}))
        for trace, name in ((own, named), (theirs, named), (theirs, mine)):
            path = f"{_V3}/traces/{trace}/assessments/{name}"
            said = {"assessment": _assessment(trace_id=theirs, assessment_id=named)}
            scene.refused(scene.bob("PATCH", path, {**said, "update_mask": "assessmentName"}))
            if trace == theirs:
                scene.refused(scene.bob("DELETE", path))
    path = f"{_V3}/traces/{own}/assessments"
    changed = {"assessment": _assessment(assessment_name="new"), "update_mask": "assessmentName"}
    scene.world.must(ATTACKER, "PATCH", f"{path}/{mine}", changed)
    over = {"assessment": _assessment(trace_id=own, overrides=mine)}
    scene.world.must(ATTACKER, "POST", path, over)
    kept = _assessment(trace_id=own, assessment_id=mine)
    again = _start(scene.mine.experiment, own, assessments=[kept])
    scene.world.must(ATTACKER, "POST", f"{_V3}/traces", again)
    scene.world.must(ATTACKER, "DELETE", f"{path}/{mine}")


def spans_in_anothers_trace(scene: Scene) -> None:
    if not _is_3(scene):
        for spans in (_spans("1" * 32), _spans(scene.shown.trace)):
            scene.refused(_send(scene, ATTACKER, scene.mine.experiment, spans))
        return
    mine, fresh = scene.mine, f"{0xB30:032x}"
    theirs = [
        _made(scene, OWNER, owned, number)
        for number, owned in enumerate((scene.secret, scene.shown), 0xA3)
    ]
    with _unchanged(scene, *theirs):
        for trace, owned in zip(theirs, (scene.secret, scene.shown), strict=True):
            for experiment in (mine.experiment, owned.experiment, f"0{owned.experiment}", "", " "):
                scene.refused(_send(scene, ATTACKER, experiment, _spans(trace)))
                scene.refused(_send(scene, ATTACKER, experiment, _spans(fresh, trace)))
                scene.refused(_send(scene, ATTACKER, experiment, _spans(trace, parent="c" * 16)))
            said = _spans(trace, attributes={"mlflow.traceRequestId": '"tr-1"'})
            scene.refused(_send(scene, ATTACKER, mine.experiment, said))
            said = _spans(fresh)
            run = {"X_MLflow_Run_Id": owned.run}
            scene.refused(_send(scene, ATTACKER, mine.experiment, said, **run))
    scene.refused(scene.bob("GET", f"{_V3}/traces/get?trace_id=tr-{fresh}"))
    with _unchanged(scene):
        for runs in ((mine.run, scene.secret.run), (scene.secret.run, mine.run)):
            both = dict(zip(("X-MLflow-Run-Id", "x-mlflow-run-id"), runs, strict=True))
            _send(scene, ATTACKER, mine.experiment, _spans("6" * 32), **both)
    own = _made(scene, ATTACKER, mine, 0xB3)
    assert own in _linked(scene, mine)
    # Two services of bob's, which log spans of one trace to two experiments.
    another = scene.world.experiment(ATTACKER, "a service of bob's")
    assert _send(scene, ATTACKER, another, _spans(own, parent="c" * 16)).status == 200
    admin = scene.world.admin
    assert _send(scene, admin, mine.experiment, _spans(theirs[0], parent="c" * 16)).status == 200


def setting_where_a_trace_lies(scene: Scene) -> None:
    own, mine = scene.mine.trace, scene.mine.experiment
    v2 = {"experiment_id": mine, "timestamp_ms": 1, "request_metadata": []}
    ended = {"timestamp_ms": 2, "status": "OK", "request_metadata": []}
    where = [scene.secret.location, f"{_CONTAINER}/{scene.secret.path}", "http://127.0.0.1:1/"]
    where += ["file:///run/secrets", f"mlflow-artifacts:/{mine}/x"]
    tags = [*product(_LOCATIONS, where), (_SPANS, "ARCHIVE_REPO"), (_SPANS, "ARTIFACT_REPO")]
    for prefix, (key, value) in product((REST, PAGES), tags):
        tag = {"key": key, "value": value}
        scene.refused(scene.bob("POST", f"{prefix}/mlflow/traces", {**v2, "tags": [tag]}))
        path = f"{prefix}/mlflow/traces/{own}"
        scene.refused(scene.bob("PATCH", path, {**ended, "tags": [tag]}))
        scene.refused(scene.bob("PATCH", f"{path}/tags", tag))
    tag = {"key": "a", "value": "b"}
    made = scene.world.must(ATTACKER, "POST", f"{REST}/mlflow/traces", {**v2, "tags": [tag]})
    path = f"{REST}/mlflow/traces/{made['trace_info']['request_id']}"
    scene.world.must(ATTACKER, "PATCH", path, {**ended, "tags": [tag]})
    scene.world.must(ATTACKER, "PATCH", f"{path}/tags", tag)
    if not _is_3(scene):
        return
    for prefix, (key, value) in product((_V3, _PAGES_V3), tags):
        for trace in (own, f"tr-{0xB4:032x}"):
            started = _start(mine, trace, tags={key: value})
            scene.refused(scene.bob("POST", f"{prefix}/traces", started))
        said = {"key": key, "value": value}
        scene.refused(scene.bob("PATCH", f"{prefix}/traces/{own}/tags", said))
        as_text = {f"mlflow.traceTag.{key}": value}
        scene.refused(_send(scene, ATTACKER, mine, _spans("4" * 32, attributes=as_text)))
    scene.refused(scene.bob("GET", f"{_V3}/traces/get?trace_id=tr-{'4' * 32}"))
    scene.world.must(ATTACKER, "PATCH", f"{_V3}/traces/{own}/tags", tag)
    tagged = _spans("5" * 32, attributes={"mlflow.traceTag.a": "b", "b": "c"})
    assert _send(scene, ATTACKER, mine, tagged).status == 200
    assert _seen(scene, f"tr-{'5' * 32}")["trace_info"]["tags"]["a"] == "b"


def reading_where_a_trace_was_said_to_lie(scene: Scene) -> None:
    """Tags of before, on a trace that is bob's: neither he nor an administrator is led by them."""
    own, files = scene.mine.trace, f"{REST}/mlflow-artifacts/artifacts"
    text = b'{"spans": []}'
    for folder in (scene.secret.path.rpartition("/")[0], f"{scene.mine.experiment}/traces/mine"):
        owner = OWNER if folder.startswith(scene.secret.experiment) else ATTACKER
        for name in ("traces.json", _ARCHIVE):
            scene.world.must(owner, "PUT", f"{files}/{folder}/{name}", body=text)
    folder = scene.secret.path.rpartition("/")[0]
    where = [scene.secret.location, f"{scene.secret.location}/", f"{_CONTAINER}/{folder}"]
    where += [f"http://127.0.0.1:1{files}/{folder}", "http://127.0.0.1:1/", "file:///run/secrets"]
    where += [f"mlflow-artifacts:/{scene.mine.experiment}/../{folder}", f"{_CONTAINER}/"]
    reads = [f"{PAGES}/mlflow/get-trace-artifact?request_id={own}"]
    if _is_3(scene):
        reads = [f"{_PAGES_V3}/get-trace-artifact?request_id={own}", f"{reads[0]}&path=a"]
        reads += [f"{_V3}/traces/get?trace_id={own}", f"{_V3}/traces/batchGet?trace_ids={own}"]
    for place in where:
        _plant(scene, own, **{"mlflow.artifactLocation": place})
        for read, who in product(reads[:2], (ATTACKER, scene.world.admin)):
            scene.refused(scene.world.ask(who, "GET", read))
        if _is_3(scene):
            _archived_elsewhere(scene, place, reads, folder)
    for name in ("traces.json", _ARCHIVE):
        scene.world.must(OWNER, "DELETE", f"{files}/{folder}/{name}")
    home = f"mlflow-artifacts:/{scene.mine.experiment}/traces/mine"
    _sql(scene, f"DELETE FROM trace_tags WHERE request_id = '{own}' AND key = '{_SPANS}'")
    _plant(scene, own, **{"mlflow.artifactLocation": home})
    assert scene.bob("GET", reads[0]).body == text


def _archived_elsewhere(scene: Scene, place: str, reads: list[str], folder: str) -> None:
    """An archive at that place is not read, and deleting its trace leaves it there."""
    own, mine = scene.mine.trace, scene.mine.experiment
    archived = {_SPANS: "ARCHIVE_REPO", "mlflow.trace.archiveLocation": place}
    _plant(scene, own, **archived)
    for read in (reads[0], *reads[2:]):
        scene.refused(scene.bob("GET", read))
    made = {"experiment_id": mine, "timestamp_ms": 1, "request_metadata": [], "tags": []}
    started = scene.world.must(ATTACKER, "POST", f"{REST}/mlflow/traces", made)
    trace = started["trace_info"]["request_id"]
    _plant(scene, trace, **archived)
    said = {"experiment_id": mine, "request_ids": [trace]}
    path = f"{REST}/mlflow/traces/delete-traces"
    assert scene.world.must(ATTACKER, "POST", path, said) == {"traces_deleted": 1}
    kept = f"{REST}/mlflow-artifacts/artifacts/{folder}/{_ARCHIVE}"
    assert scene.ann("GET", kept).status == 200


def a_trace_in_anothers_queue(scene: Scene) -> None:
    if not _is_3(scene):
        return
    theirs = _made(scene, OWNER, scene.secret, 0xA6)
    own = _made(scene, ATTACKER, scene.mine, 0xB6)
    queues = f"{_V3}/review-queues"
    made = {"experiment_id": scene.mine.experiment, "name": "a queue", "queue_type": "CUSTOM"}
    queue = scene.world.must(ATTACKER, "POST", f"{queues}/create", made)["review_queue"]["queue_id"]
    for foreign in (theirs, f" {theirs}", f"{theirs} ", scene.secret.trace):
        for items in ([foreign], [own, foreign]):
            said = {"queue_id": queue, "item_ids": items}
            scene.refused(scene.bob("POST", f"{queues}/items/add", said))
    listed = scene.world.must(ATTACKER, "GET", f"{queues}/items/list?queue_id={queue}")
    assert not listed.get("items"), listed
    said = {"queue_id": queue, "item_ids": [own]}
    scene.world.must(ATTACKER, "POST", f"{queues}/items/add", said)
    listed = scene.world.must(ATTACKER, "GET", f"{queues}/items/list?queue_id={queue}")
    assert [item["item_id"] for item in listed["items"]] == [own]


def the_demonstration_and_the_jobs(scene: Scene) -> None:
    """What would work with the server's rights: no job runs, and none is there to be seen."""
    said = {"experiment_id": scene.mine.experiment, "trace_ids": [scene.secret.trace]}
    judge = {"instructions": "judge {{ inputs }}", "model": "openai:/gpt"}
    judge |= {"feedback_value_type": {"type": "string"}}
    scorer = {"name": "a judge", "mlflow_version": "3.16.1", "serialization_version": 1}
    scorer |= {"aggregations": [], "instructions_judge_pydantic_data": judge}
    scene.refused(scene.bob("POST", f"{_PAGES_V3}/demo/generate", {}))
    for path, more in (
        (f"{_PAGES_V3}/scorer/invoke", {**said, "serialized_scorer": json.dumps(scorer)}),
        ("/ajax-api/3.0/jobs/", {"job_name": "invoke_scorer", "params": said}),
    ):
        answer = scene.bob("POST", path, more)
        assert answer.status in (403, 404) or b"not enabled" in answer.body, answer
    jobs = scene.bob("POST", "/ajax-api/3.0/jobs/search", {})
    assert jobs.status == 404 or jobs.json == {"jobs": []}, jobs


def what_clients_do_with_traces_of_their_own(scene: Scene) -> None:
    world, traces = scene.world, f"{REST}/mlflow/traces"
    made = {"experiment_id": scene.mine.experiment, "timestamp_ms": 1, "request_metadata": []}
    made |= {"tags": [{"key": "a", "value": "b"}]}
    info = world.must(ATTACKER, "POST", traces, made)["trace_info"]
    tags = {tag["key"]: tag["value"] for tag in info["tags"]}
    folder = tags["mlflow.artifactLocation"].removeprefix("mlflow-artifacts:/")
    data = f"{REST}/mlflow-artifacts/artifacts/{folder}/traces.json"
    world.must(ATTACKER, "PUT", data, body=b'{"spans": []}')
    # 2.22's client sends back every tag that it was given, the server's own included.
    ended = {"timestamp_ms": 2, "status": "OK", "request_metadata": [], "tags": info["tags"]}
    world.must(ATTACKER, "PATCH", f"{traces}/{info['request_id']}", ended)
    read = f"{PAGES}/mlflow/get-trace-artifact?request_id={info['request_id']}"
    assert scene.bob("GET", read).body == b'{"spans": []}'
    said = {"experiment_id": scene.mine.experiment, "request_ids": [info["request_id"]]}
    deleted = world.must(ATTACKER, "POST", f"{traces}/delete-traces", said)
    assert deleted == {"traces_deleted": 1}
    if _is_3(scene):
        client = world.cluster.answer(_CLIENT, tool=world.tool, **world.login(ATTACKER))
        assert client == "answer"


ALL = (
    moving_anothers_trace,
    rewriting_anothers_assessments,
    spans_in_anothers_trace,
    setting_where_a_trace_lies,
    reading_where_a_trace_was_said_to_lie,
    a_trace_in_anothers_queue,
    the_demonstration_and_the_jobs,
    what_clients_do_with_traces_of_their_own,
)
