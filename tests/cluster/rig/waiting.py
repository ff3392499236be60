"""A question asked again and again -> its first true answer, or what was still missing."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def wait_for(
    what: str, question: Callable[[], Answer | None], *, seconds: float = 60, pause: float = 0.1
) -> Answer:
    """Return the first true answer to `question`; raise TimeoutError naming `what` otherwise."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > end:
            raise TimeoutError(f"after {seconds:g} s still no {what}")
        time.sleep(pause)
    return answer
