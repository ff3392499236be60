"""A name -> the experiment or model that has it; grants -> grants with names."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from generator.client.asking import Failed
from generator.client.users.api import TWO, Api, Json
from generator.client.users.model import Grant, Thing, plain
from generator.client.users.series import missing

_PROMPT = "mlflow.prompt.is_prompt"


class NoSuch(Exception):
    """Nothing has that name, and what may have been meant."""


def find(api: Api, kind: str, name: str) -> Thing:
    """Return the thing of that name. Raises NoSuch, of a deleted experiment too."""
    with api.reading():
        return _experiment(api, name) if kind == "experiment" else _model(api, name)


def _experiment(api: Api, name: str) -> Thing:
    try:
        found = api.get(f"{TWO}/experiments/get-by-name", experiment_name=name)["experiment"]
    except Failed as failed:
        if missing(failed):
            raise NoSuch(f"no experiment is named {plain(name)}{_meant(api, name)}") from None
        raise
    if found.get("lifecycle_stage") == "deleted":
        raise NoSuch(f"the experiment {plain(name)} is deleted; restore it, or name another")
    return Thing("experiment", found["experiment_id"], name)


def _meant(api: Api, name: str) -> str:
    """What to say of a name that looks like an id."""
    if not (name.isascii() and name.isdecimal()):
        return ""
    try:
        found = api.get(f"{TWO}/experiments/get", experiment_id=name)["experiment"]
    except Failed:
        return ""
    return f"; {name} is the id of the one named {plain(found['name'])}"


def _model(api: Api, name: str) -> Thing:
    try:
        found = api.get(f"{TWO}/registered-models/get", name=name)["registered_model"]
    except Failed as failed:
        if missing(failed):
            raise NoSuch(f"no model is named {plain(name)}") from None
        raise
    return Thing("prompt" if _is_prompt(found) else "model", name, name)


def _is_prompt(model: Json) -> bool:
    tags = {tag["key"]: str(tag.get("value")) for tag in model.get("tags", ())}
    return tags.get(_PROMPT, "").lower() == "true"


def named(api: Api, grants: Iterable[Grant]) -> list[Grant]:
    """Return grants whose things have names."""
    grants = list(grants)
    has_any = any(grant.thing.kind == "experiment" for grant in grants)
    with api.reading():
        experiments = _experiments(api) if has_any else {}
        return [replace(grant, thing=_named(grant.thing, experiments)) for grant in grants]


def _experiments(api: Api) -> dict[str, Json]:
    """Return every experiment by its id."""
    search = {"view_type": "ALL", "max_results": "1000"}
    found = api.pages(f"{TWO}/experiments/search", "experiments", **search)
    return {one["experiment_id"]: one for one in found}


def _named(thing: Thing, experiments: Mapping[str, Json]) -> Thing:
    if thing.kind != "experiment":
        return replace(thing, name=thing.key)
    found = experiments.get(thing.key, {})
    deleted = found.get("lifecycle_stage") == "deleted"
    return replace(thing, name=found.get("name", ""), deleted=deleted)
