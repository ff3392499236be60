"""Moments of a run, in the order they came -> a table of seconds."""

import time
from dataclasses import dataclass, field


@dataclass
class Timeline:
    """What happened when, counted from when the timeline was made."""

    title: str
    moments: list[tuple[str, float]] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)

    def mark(self, what: str) -> float:
        """Note that something has just happened; return the seconds since the start."""
        seconds = time.monotonic() - self._start
        self.moments.append((what, seconds))
        return seconds

    def __str__(self) -> str:
        rows = [f"{seconds:7.1f} s  {what}" for what, seconds in self.moments]
        return "\n".join([self.title, *rows])
