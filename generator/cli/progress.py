"""A progress bar for what takes longer than a second, on a terminal."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

import click

_PATIENCE = 1.0  # seconds

Item = TypeVar("Item")


def bar(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield `items`; after a second, show on standard error how many are done."""
    start, done = time.monotonic(), 0
    for item in items:
        yield item
        done += 1
        if sys.stderr.isatty() and time.monotonic() - start > _PATIENCE:
            break
    if rest := items[done:]:
        with click.progressbar(rest, len(items), label, file=sys.stderr) as shown:
            shown.update(done)
            yield from shown
