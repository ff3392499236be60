"""Requests that shall go wrong, and how."""

import os
import re
import signal
from dataclasses import dataclass, field
from typing import Any

from .cloud import Cloud
from .messages import Refused, Request


@dataclass
class Fault:
    """What happens to the next `times` matching requests after the first `skip`."""

    method: str
    path: str
    status: int = 0
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    stuck: bool = False
    fails: bool = False
    kill: int = 0
    """The process group that is killed when the request has been carried out."""
    write: dict[str, Any] = field(default_factory=dict)
    """The body that another writer puts to the same place just before."""
    skip: int = 0
    times: int = 1

    def matches(self, request: Request) -> bool:
        """Say whether this request goes wrong, and count it."""
        if not re.fullmatch(self.method, request.method) or not re.search(
            self.path, request.path, re.I
        ):
            return False
        self.skip -= 1
        if self.skip >= 0 or self.times <= 0:
            return False
        self.times -= 1
        return True

    def before(self) -> None:
        if self.status:
            raise Refused(self.status, self.code, f"{self.code}: made by a test", **self.headers)

    def after(self, cloud: Cloud, operations_before: set[str]) -> None:
        for name in set(cloud.operations) - operations_before:
            if self.stuck:
                cloud.operations[name].polls = 1_000_000
            if self.fails:
                cloud.operations[name].ends = "Failed"
        if self.kill:
            os.killpg(self.kill, signal.SIGKILL)
