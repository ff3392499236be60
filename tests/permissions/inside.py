"""A pod's application in this one process: a request a line -> its answer a line.

Run by the Python of a pinned MLflow, with the files of the built ConfigMap on its path. At first
handlers work. After `stop` none runs: a request that is permitted is answered 299. After `record`
a handler runs until it asks a store for more than a reading, and 299 says what it asked for.
"""

import asyncio
import base64
import contextvars
import functools
import inspect
import json
import os
import sys
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pod_settings
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

REACHED, HERE = 299, "http://127.0.0.1:5000"
said, sys.stdout = sys.stdout, sys.stderr  # nothing but answers goes where answers are read
pod_settings._SECRETS = Path(os.environ.pop("SECRETS"))
native: Any = None  # MLflow 3's application around Flask's

if "UVICORN_HOST" in os.environ:
    import serve

    around = serve._served

    def keep(application: Any) -> Any:
        global native
        native = application
        return around(application)

    serve._served = keep
    application = serve.create_app()
else:
    pod_settings.apply()
    from mlflow.server import auth as created

    application = created.create_app()

import authorize  # noqa: E402 - what gunicorn's and uvicorn's settings precede
import routes  # noqa: E402
import said_once  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.server import app, auth, handlers  # noqa: E402

recorded: contextvars.ContextVar[list[Any] | None] = contextvars.ContextVar("recorded")
recorded.set(None)
touched: list[Any] = []
kept: dict[str, Any] = {}  # rows that were taken out of the table
mode = ""
loop = asyncio.new_event_loop()


class Touched(BaseException):
    """A handler was about to do more than read."""


class Recorder:
    """A store that notes what a handler asks it for, and reads but does nothing."""

    def __init__(self, store: Any, name: str) -> None:
        self.__dict__ |= {"_store": store, "_name": name}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        calls = recorded.get()
        if calls is None or not callable(method):
            return method

        def called(*given: Any, **named: Any) -> Any:
            bound = inspect.signature(method).bind(*given, **named).arguments
            calls.append([f"{self._name}.{name}", plain(bound)])
            if not name.startswith("get_"):
                raise Touched
            return method(*given, **named)

        return called


def plain(value: Any) -> Any:
    """Return a value as JSON has it; entities by their attributes."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Message):
        return MessageToDict(value, preserving_proto_field_name=True)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (Sequence, Set)):
        return [plain(one) for one in value]
    return plain(vars(value)) if hasattr(value, "__dict__") else repr(value)


def files(*given: Any, **named: Any) -> Any:
    """Stand for whatever opens a place of files."""
    calls = recorded.get()
    calls.append(["files", plain([given, named])])
    raise Touched


def watch() -> None:
    """Put recorders in place of the stores. Who judges goes on with what is behind them."""
    for name in ("_get_tracking_store", "_get_model_registry_store", "_get_job_store"):
        if get := getattr(handlers, name, None):
            setattr(handlers, name, lambda *a, get=get, n=name, **k: Recorder(get(*a, **k), n))
    auth.store = Recorder(auth.store, "users")
    for name in ("_get_artifact_repo", "get_artifact_repository", "_get_trace_artifact_repo"):
        if hasattr(handlers, name):
            setattr(handlers, name, files)
    handlers._get_artifact_repo_mlflow_artifacts = files


def stand_in(view: Any) -> Any:
    """Return what answers in a handler's place."""

    def reached(**named: Any) -> Any:
        if not mode:
            return view(**named)
        calls: list[Any] = []
        touched.append(calls)
        if mode == "record":
            token = recorded.set(calls)
            try:
                answer = app.make_response(view(**named))
                if answer.status_code >= 400:
                    return answer
            except Touched:
                pass
            except MlflowException as error:
                return error.serialize_as_json(), error.get_http_status_code()
            finally:
                recorded.reset(token)
        return "", REACHED

    return reached


def install() -> None:
    for endpoint, view in list(app.view_functions.items()):
        app.view_functions[endpoint] = stand_in(view)
    if native:
        from fastapi.routing import APIRoute
        from starlette.responses import PlainTextResponse

        handle = APIRoute.handle

        async def reached(self: Any, scope: Any, receive: Any, send: Any) -> None:
            stopped = PlainTextResponse("", REACHED)
            await (stopped(scope, receive, send) if mode else handle(self, scope, receive, send))

        APIRoute.handle = reached


def remember(store: Any) -> None:
    """Have a store ask its database once for what it reads: nothing changes any more."""
    known: dict[str, Any] = {}
    for name in dir(type(store)):
        if name.startswith(("get_", "has_", "is_")):
            setattr(store, name, remembering(name, getattr(store, name), known))


def remembering(name: str, method: Any, known: dict[str, Any]) -> Any:
    @functools.wraps(method)
    def read(*given: Any, **named: Any) -> Any:
        key = f"{name}{given}{named}"
        if key not in known:
            try:
                known[key] = method(*given, **named)
            except MlflowException as error:
                known[key] = error
        if isinstance(known[key], MlflowException):
            raise known[key]
        return known[key]

    return read


def stop(how: str) -> None:
    """Let handlers run no more. What MLflow does with their answers would read those."""
    global mode
    if not mode:
        for store in (auth.store, handlers._get_tracking_store(), auth._get_model_registry_store()):
            remember(store)
        app.after_request_funcs[None].remove(auth._after_request)
        if native:
            auth._find_fastapi_after_request_handler = lambda *_: None
            auth._find_fastapi_response_filter = lambda *_: None
        watch()
    mode = how


def every_route() -> list[Any]:
    """Return each path, as its application spells it, its methods and the fields of its message."""
    messages = {
        (path, method): made.DESCRIPTOR
        for path, made, methods in handlers.get_endpoints(lambda known: known)
        for method in methods
        if hasattr(made, "DESCRIPTOR")
    }
    found = [
        [rule.rule, method, fields(messages.get((rule.rule, method.replace("HEAD", "GET"))))]
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"OPTIONS"}
    ]
    for router in native.routes if native else ():
        for context in getattr(router, "effective_route_contexts", tuple)():
            path = router.include_context.path_for(context.original_route)
            found += [[path, method, {}] for method in context.original_route.methods]
    return found


def fields(message: Any, depth: int = 0) -> dict[str, Any]:
    """Return a message's fields by name: how else each is spelt, whether it is a list, its own."""
    if message is None or depth > 3 or message.full_name.startswith("google.protobuf."):
        return {}
    return {
        field.name: {
            "spelt": [field.json_name, f"[{field.full_name}]"],
            "many": said_once._repeated(field),
            "fields": fields(field.message_type, depth + 1),
        }
        for field in message.fields
    }


def ask(method: str, path: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
    """Ask Flask, or MLflow 3's application where it has a route of its own for that."""
    scope = scope_of(method, path, headers, body)
    if native and auth._scope_matches_native_route(auth._native_fastapi_routes(native), scope):
        return loop.run_until_complete(ask_natively(scope, body))
    answer = app.test_client().open(path, method=method, headers=headers, data=body, base_url=HERE)
    return answer.status_code, answer.data


def scope_of(method: str, path: str, headers: dict[str, str], body: bytes | None) -> dict[str, Any]:
    plain_path, _, query = path.partition("?")
    sent = {"Host": "127.0.0.1:5000", "Content-Length": str(len(body or b"")), **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(plain_path),
        "raw_path": plain_path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("192.0.2.1", 5000),
        "server": ("127.0.0.1", 5000),
    }


async def ask_natively(scope: dict[str, Any], body: bytes | None) -> tuple[int, bytes]:
    status, parts, asked = 0, [], iter([{"type": "http.request", "body": body or b""}])
    done = asyncio.Event()

    async def receive() -> Any:
        for message in asked:
            return message
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                done.set()

    await application(scope, receive, send)
    return status, b"".join(parts)


def obey(order: dict[str, Any]) -> Any:
    match order:
        case {"path": path, "method": method, "headers": headers, "body": body}:
            body = None if body is None else base64.b64decode(body)
            touched.clear()
            status, answered = ask(method, path, headers, body)
            return [status, {"touched": [*touched]}, base64.b64encode(answered).decode()]
        case {"default": permission}:
            auth.auth_config = auth.auth_config._replace(default_permission=permission)
        case {"stop": how}:
            stop(how)
        case {"without": row}:
            kept[row] = routes.TABLE.pop(row)
        case {"with": row}:
            routes.TABLE[row] = kept.pop(row)
        case {"tell": "routes"}:
            return every_route()
        case {"tell": "table"}:
            return [*routes.TABLE]
        case {"tell": "undecided"}:
            return authorize.undecided()
    return None


install()
for line in sys.stdin:
    print(json.dumps(obey(json.loads(line))), file=said, flush=True)
