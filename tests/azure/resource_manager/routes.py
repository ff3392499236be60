"""A method and a path -> the function that answers, for requests that are no plain resource."""

import re
from collections.abc import Callable
from typing import Any

from .cloud import Cloud
from .messages import Request, Response

Handler = Callable[..., Response]


class Routes:
    """An ordered list of routes."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str) -> Callable[[Handler], Handler]:
        """Register the decorated function; the pattern's named groups become its arguments."""

        def register(handler: Handler) -> Handler:
            self._routes.append((method, re.compile(pattern + "/?", re.IGNORECASE), handler))
            return handler

        return register

    def answer(self, cloud: Cloud, request: Request) -> Response | None:
        """Return the first matching function's answer, or None."""
        for method, pattern, handler in self._routes:
            if request.method == method and (match := pattern.fullmatch(request.path)):
                arguments: dict[str, Any] = match.groupdict()
                return handler(cloud, request, **arguments)
        return None
