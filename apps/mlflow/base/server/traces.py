"""A trace stays whose it is: no write reaches another one, and its data is looked for at home.

The stores are the place for both: every route that writes a trace ends there, and MLflow 3 judges
its native route for spans by a header alone. Tags say where a trace's data lies, and the server
reads and deletes there with what the server has. Those tags are its own: nobody sets them, and what
was set before leads nowhere but into the folder of the trace's own experiment.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlparse

import grants
import locations
import refusals
from flask import g, has_request_context
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, PERMISSION_DENIED
from mlflow.server import handlers
from mlflow.server.auth.entities import User
from mlflow.store.tracking import sqlalchemy_store as tracking
from mlflow.store.tracking.dbmodels import models

_OWN = {f"mlflow.{name}Location" for name in ("artifact", "trace.archive", "trace.spans")}
_TAG = "mlflow.traceTag."  # begins those attributes of a span that become its trace's tags

Said = dict[str, Any]
Method = Callable[..., Any]

_asking: ContextVar[User | None] = ContextVar("asking", default=None)


def asks(user: User) -> None:
    """Remember who asks: where MLflow 3 takes spans, Flask's `g` is gone already."""
    _asking.set(user)


def install() -> None:
    """Put this in place of what writes traces, and of what finds their data."""
    store = tracking.SqlAlchemyStore
    for name, judge in _WRITES.items():
        if hasattr(store, name):
            setattr(store, name, _judged(getattr(store, name), judge))
    _replace(handlers, "get_artifact_uri_for_trace", _at_home)
    _replace(handlers, "get_archive_uri_for_trace", _at_home)
    _replace(tracking, "get_archive_uri_for_trace", _archived_at_home)
    _replace(store, "_delete_archived_trace_payloads", _deleting_at_home)


def _replace(where: Any, name: str, wrapper: Callable[[Method], Method]) -> None:
    if found := getattr(where, name, None):  # 2.22 archives nothing
        setattr(where, name, functools.wraps(found)(wrapper(found)))


def _judged(method: Method, judge: Callable[[Said], None]) -> Method:
    signature = inspect.signature(method)

    @functools.wraps(method)
    def write(*given: Any, **named: Any) -> Any:
        judge(signature.bind(*given, **named).arguments)
        return method(*given, **named)

    return write


def _tag(said: Said) -> None:
    _refuse_own({said["key"]: said["value"]}, _id(said))


def _tags(said: Said) -> None:
    _refuse_own(said["tags"], _id(said))


def _id(said: Said) -> str:
    """Return the trace of a call, by both series' names; empty where the server makes the id."""
    return said.get("request_id") or said.get("trace_id") or ""


def _trace(said: Said) -> None:
    if "trace_info" not in said:  # 2.22's, whose id the server makes
        _tags(said)
        return
    trace = said["trace_info"]
    _refuse_own(trace.tags, trace.trace_id)
    if "/" in trace.trace_id or not trace.trace_id.isprintable():  # its folder is named by it
        raise MlflowException(f"{trace.trace_id!r} is not a trace's id", INVALID_PARAMETER_VALUE)
    _demand_edit_outside(str(trace.experiment_id), {trace.trace_id})
    _refuse_others(trace.trace_id, trace.assessments)


def _assessment(said: Said) -> None:
    assessment = said["assessment"]
    _refuse_others(assessment.trace_id, [assessment])


def _spans(said: Said) -> None:
    try:
        for span in said["spans"]:
            names = (span._span.attributes or {}).keys()
            _refuse_own({name.removeprefix(_TAG): "" for name in names if name.startswith(_TAG)})
        _demand_edit_outside(str(said["location"]), {span.trace_id for span in said["spans"]})
    except MlflowException as error:
        if user := _user():
            refusals.log(user.username, "POST", "/v1/traces", error.message)
        raise


_WRITES: dict[str, Callable[[Said], None]] = {
    "start_trace": _trace,
    "end_trace": _tags,  # 2.22's
    "deprecated_start_trace_v2": _tags,
    "deprecated_end_trace_v2": _tags,
    "set_trace_tag": _tag,
    "create_assessment": _assessment,
    "log_spans": _spans,
}


def _refuse_own(tags: Mapping[str, str], trace: str = "") -> None:
    """Raise where a tag of the server's own gets another value: 2.22's client sends it back."""
    changed = _OWN.intersection(tags)
    if changed and trace:
        key, value, of = (
            getattr(models.SqlTraceTag, name) for name in ("key", "value", "request_id")
        )
        with handlers._get_tracking_store().ManagedSessionMaker() as session:
            stored = dict(session.query(key, value).filter(of == trace, key.in_(changed)).all())
        changed = {tag for tag in changed if stored.get(tag) != tags[tag]}
    for tag in sorted(changed):
        raise _denied(f"the tag {tag} is the server's own; leave it out")


def _refuse_others(trace: str, assessments: Iterable[Any]) -> None:
    """Raise where an assessment is another trace's: MLflow writes over it, or makes it valid."""
    if any(one.trace_id not in (None, "", trace) for one in assessments):
        raise _denied("an assessment names another trace; name its own, or none")
    named = {name for one in assessments for name in (one.assessment_id, one.overrides) if name}
    assessment, of = models.SqlAssessments.assessment_id, models.SqlAssessments.trace_id
    with handlers._get_tracking_store().ManagedSessionMaker() as session:
        rows = session.query(assessment).filter(assessment.in_(named), of != trace)
        if named and rows.first():
            raise _denied("an assessment has the id of another trace's; leave the id out")


def _demand_edit_outside(experiment: str, traces: set[str]) -> None:
    """Raise unless whoever asks may edit those traces that exist in other experiments."""
    trace, lies = models.SqlTraceInfo.request_id, models.SqlTraceInfo.experiment_id
    with handlers._get_tracking_store().ManagedSessionMaker() as session:
        rows = session.query(lies).filter(trace.in_(traces)).distinct()
        others = {str(found) for (found,) in rows} - {experiment}
    user = _user()
    for other in () if user and user.is_admin else others:
        if not user or not grants.on_experiment(other, user.username).can_update:
            raise _denied(f"EDIT on experiment {other}, where the trace is, is missing")


def _user() -> User | None:
    user: User | None = g.get("mlflow_user") if has_request_context() else _asking.get()
    return user


def _at_home(find: Callable[[Any], str]) -> Callable[[Any], str]:
    def found(trace: Any) -> str:
        uri = find(trace)
        if not _is_at_home(uri, str(trace.experiment_id)):
            raise _denied(f"the trace's data lies at {uri!r}, outside of its experiment's folder")
        return uri

    return found


def _archived_at_home(find: Callable[[Any], str]) -> Callable[[Any], str]:
    def found(trace: Any) -> str:
        uri = _at_home(find)(trace)
        if _is_url(uri):
            raise _denied(f"the trace's data lies at {uri!r}, which the server would call")
        return uri

    return found


def _deleting_at_home(delete: Method) -> Method:
    """Delete a trace without its archive where that lies elsewhere: its owner can be rid of it."""

    def deleted(store: Any, selected: list[Any]) -> Any:
        return delete(store, [_without_foreign(one) for one in selected])

    return deleted


def _without_foreign(selected: Any) -> Any:
    uri = selected.archived_artifact_uri
    if uri and not _is_url(uri) and _is_at_home(uri, grants.trace(selected.trace_id)):
        return selected
    return dataclasses.replace(selected, archived_artifact_uri=None)


def _is_at_home(uri: str, experiment: str) -> bool:
    try:
        return locations.owners(locations.stored(uri)) == {experiment}
    except MlflowException:
        return False


def _is_url(uri: str) -> bool:
    """Whether MLflow would ask a host, and not the container. Asked where a URI is at home."""
    return urlparse(uri).scheme in ("http", "https")


def _denied(why: str) -> MlflowException:
    return MlflowException(f"Permission denied: {why}", PERMISSION_DENIED)
