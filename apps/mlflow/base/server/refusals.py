"""What was denied -> a line in the log, and no more than a few a second."""

import logging
import threading
import time

_LINES = 5  # a second: what is denied more often is counted

_logger = logging.getLogger("mlflow.permissions")
_lock = threading.Lock()
_second, _denied = 0, 0


def log(user: str, method: str, path: str, why: str) -> None:
    """Write who was denied what. No text of theirs can end the line, and none is long."""
    with _lock:
        number, missed = _count()
    if missed:
        _logger.warning("%d more requests were denied", missed)
    if number <= _LINES:
        _logger.warning("denied %.100r: %s %.300r: %.300r", user, method, path, why)


def _count() -> tuple[int, int]:
    """Return how many were denied in this second, and how many of another were not written."""
    global _second, _denied
    now, missed = int(time.monotonic()), 0
    if now != _second:
        missed, _second, _denied = max(0, _denied - _LINES), now, 0
    _denied += 1
    return _denied, missed
