"""MLflow's stores -> the same, whose lists hold only what whoever asks may read.

2.22 shows runs, versions and traces to everybody. 3.16 filters them itself, but pages of versions
come out short. A model that is made anew inherits nobody's grants, on both.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import grants
from flask import g, has_request_context
from mlflow.server import auth
from mlflow.server.auth.permissions import get_permission
from mlflow.store.entities import PagedList
from mlflow.store.model_registry import sqlalchemy_store as registry
from mlflow.store.tracking import sqlalchemy_store as tracking
from mlflow.utils.search_utils import SearchUtils

_STEP = 100  # that are asked for at once, however small a page is

Method = Callable[..., Any]
Readable = Callable[[Any], bool]


def install() -> None:
    """Put this in place of the stores' own searches."""
    models, runs = registry.SqlAlchemyStore, tracking.SqlAlchemyStore
    _wrap(models, "create_registered_model", _forgetting("name"))
    _wrap(models, "delete_registered_model", _forgetting("name"))
    _wrap(models, "rename_registered_model", _forgetting("new_name"))
    _wrap(models, "search_model_versions", _filtering(_readable_models))
    if grants.DECIDES_ITSELF:
        return
    _wrap(models, "search_registered_models", _filtering(_readable_models))
    _wrap(runs, "search_experiments", _filtering(_readable_experiments))
    for search in ("search_runs", "search_traces", "_search_datasets"):
        _wrap(runs, search, _narrowing)
    _forget_the_filters()


def _forget_the_filters() -> None:
    """Drop MLflow's own: they filter what is filtered, and forget one user's grants of many."""
    dropped = {
        auth.filter_search_experiments,
        auth.filter_search_registered_models,
        auth.delete_can_manage_registered_model_permission,
    }
    handlers = auth.AFTER_REQUEST_HANDLERS
    for route in [route for route, handler in handlers.items() if handler in dropped]:
        del handlers[route]


def _wrap(store: type, name: str, wrapper: Callable[[Method], Method]) -> None:
    method = getattr(store, name)
    setattr(store, name, functools.wraps(method)(wrapper(method)))


def _forgetting(argument: str) -> Callable[[Method], Method]:
    """Delete the grants on a model's name when it is given or given up."""

    def wrapper(method: Method) -> Method:
        signature = inspect.signature(method)

        def changed(*given: Any, **named: Any) -> Any:
            result = method(*given, **named)
            said = signature.bind(*given, **named).arguments
            if argument == "name" or said[argument] != said["name"]:
                grants.forget_model(said[argument])
            return result

        return changed

    return wrapper


def _filtering(readable_for: Callable[[str], Readable]) -> Callable[[Method], Method]:
    """Leave out what is not readable, and go on until a page is full."""

    def wrapper(method: Method) -> Method:
        signature = inspect.signature(method)

        def search(*given: Any, **named: Any) -> Any:
            user = _asking()
            if user is None:
                return method(*given, **named)
            call = signature.bind(*given, **named)
            call.apply_defaults()
            if call.arguments["max_results"] < 1:  # which the store refuses
                return method(*given, **named)
            return _page(method, call.arguments, readable_for(user))

        return search

    return wrapper


def _page(method: Method, arguments: dict[str, Any], readable: Readable) -> PagedList[Any]:
    """Return one full page; its token names the next thing that is readable."""
    kept: list[Any] = []
    token, wanted = arguments["page_token"], arguments["max_results"]
    while True:
        page = method(**{**arguments, "page_token": token, "max_results": max(wanted, _STEP)})
        start = SearchUtils.parse_start_offset_from_page_token(token)
        for offset, thing in enumerate(page, start):
            if readable(thing):
                if len(kept) == wanted:
                    return PagedList(kept, SearchUtils.create_page_token(offset))
                kept.append(thing)
        token = page.token
        if not token:
            return PagedList(kept, None)


def _narrowing(method: Method) -> Method:
    """Search only those of the experiments that are readable."""
    signature = inspect.signature(method)

    def search(*given: Any, **named: Any) -> Any:
        call = signature.bind(*given, **named)
        user = _asking()
        if user is not None:
            asked = call.arguments["experiment_ids"]
            call.arguments["experiment_ids"] = list(filter(_readable_numbers(user), asked))
        return method(*call.args, **call.kwargs)

    return search


def _asking() -> str | None:
    """Return the user whose request this is, or None where all may be shown."""
    user = g.get("mlflow_user") if has_request_context() else None
    return None if user is None or user.is_admin else user.username


def _readable_numbers(user: str) -> Readable:
    granted = auth.store.list_experiment_permissions(user)
    return _readable({grant.experiment_id: grant.permission for grant in granted})


def _readable_experiments(user: str) -> Readable:
    readable = _readable_numbers(user)
    return lambda experiment: readable(experiment.experiment_id)


def _readable_models(user: str) -> Readable:
    if grants.DECIDES_ITSELF:
        predicate: Readable = auth._rm_or_prompt_read_predicate(user)
        return predicate
    granted = auth.store.list_registered_model_permissions(user)
    readable = _readable({grant.name: grant.permission for grant in granted})
    return lambda thing: readable(thing.name)


def _readable(granted: dict[str, str]) -> Readable:
    default = auth.auth_config.default_permission
    return lambda name: bool(get_permission(granted.get(name, default)).can_read)
