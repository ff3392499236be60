"""A resource type's rules, as data: what the manager needs to know to keep one."""

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import azure_models

from .cloud import Body, Cloud, at
from .messages import Refused

Prepare = Callable[[Cloud, Body, Body | None], None]


def _nothing(cloud: Cloud, after: Body, before: Body | None) -> None:
    """Most types compute nothing."""


@dataclass(frozen=True)
class Kind:
    """One resource type."""

    type: str
    sdk: str
    """The SDK's package below azure.mgmt."""
    versions: tuple[str, ...]
    """The API versions whose models these are."""
    model: str
    create: str = ""
    """The model of a PUT's body where it is not `model`."""
    change: str = ""
    """The model of a PATCH's body where it is not `model`."""
    name: str = ".+"
    fixed: tuple[str, ...] = ()
    """Dotted paths of what cannot change once it is there."""
    put_merges: bool = False
    """Whether a PUT leaves alone what it does not name. Most replace."""
    slow: bool = False
    """Whether writes are answered before they are done."""
    located: bool = False
    """Whether making one is answered by 202 and a place to ask for it; changing one is quick."""
    global_name: bool = False
    implied: Body = field(default_factory=dict)
    """What is there as soon as its parent is: this type's `default` instance."""
    prepare: Prepare = _nothing
    """Fills in what Azure computes; raises Refused for what only the server knows."""
    removed: Callable[[Cloud, Body], None] = lambda cloud, body: None

    @property
    def namespace(self) -> str:
        return self.type.split("/")[0]

    def check_version(self, version: str) -> None:
        if version not in self.versions:
            known = ", ".join(self.versions)
            message = f"No API version '{version}' for type '{self.type}'; the SDK has {known}."
            raise Refused(400, "NoRegisteredProviderFound", message)

    def check_name(self, name: str) -> None:
        if not re.fullmatch(self.name, name, re.ASCII):
            message = f"'{name}' is no name for {self.type}: {self.name}"
            raise Refused(400, "InvalidResourceName", message)

    def check_body(self, body: object, method: str) -> None:
        names = {"PUT": self.create, "PATCH": self.change}
        problems = list(azure_models.problems(self._model(names.get(method, "")), body))
        if problems:
            raise Refused(400, "InvalidRequestContent", "; ".join(problems))

    def _model(self, name: str) -> type:
        module = importlib.import_module(f"azure.mgmt.{self.sdk}.models")
        found: type = getattr(module, name or self.model)
        return found

    def check_fixed(self, before: Body, after: Body) -> None:
        if changed := list(self._changed(before, after)):
            message = f"Changing {'; '.join(changed)} is not allowed."
            raise Refused(409, "PropertyChangeNotAllowed", message)

    def _changed(self, before: Body, after: Body) -> Iterator[str]:
        for path in self.fixed:
            old, new = at(before, path), at(after, path)
            if new is not None and old is not None and new != old:
                yield f"property '{path}' from {old!r} to {new!r}"
