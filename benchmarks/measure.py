"""Whole processes, measured: seconds and peak memory."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

RUNS = 5


@dataclass(frozen=True)
class Cost:
    """What a process took: median wall seconds, and the largest resident set in MiB."""

    seconds: float
    mebibytes: float
    processor: float
    """Median seconds of all cores together, with its children: a busy machine changes it least."""


def medians(
    commands: dict[str, Sequence[str]], before: Callable[[str], None], runs: int = RUNS
) -> dict[str, Cost]:
    """Run the commands in turn, `runs` times each, after `before(name)` which is not measured.

    In turn, so that a busy moment of the machine falls on all of them.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            before(name)
            costs[name].append(_cost(command))
    return {
        name: Cost(
            statistics.median(cost.seconds for cost in all_runs),
            max(cost.mebibytes for cost in all_runs),
            statistics.median(cost.processor for cost in all_runs),
        )
        for name, all_runs in costs.items()
    }


def _cost(command: Sequence[str]) -> Cost:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds = time.perf_counter() - start
    return Cost(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)
