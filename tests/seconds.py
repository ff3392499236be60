"""Reports of tests -> a table of where a run's seconds went, by file, printed when it ends.

A test's processor time is its process's and that of the programs that it started and waited for:
a server that another process ends does not count.
"""

import os
from collections import defaultdict
from collections.abc import Generator

import pytest

_PROPERTY = "processor"
_SHOWN = 10
"""Seconds from which a file has a line of its own."""


def _processor() -> float:
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note what the processor had done before a test."""
    item.stash[_BEFORE] = _processor()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Add the test's processor time to its last report, which pytest-xdist carries over."""
    try:
        return (yield)
    finally:
        item.user_properties.append((_PROPERTY, _processor() - item.stash[_BEFORE]))


_BEFORE = pytest.StashKey[float]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, the longest file first."""
    lasted: dict[str, float] = defaultdict(float)
    worked: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                file = report.nodeid.partition("::")[0]
                lasted[file] += report.duration
                if report.when == "teardown":
                    worked[file] += dict(report.user_properties).get(_PROPERTY, 0)
    terminalreporter.section("seconds: in all, of them the processor's")
    longest = sorted(lasted, key=lasted.__getitem__, reverse=True)
    for file in longest:
        if lasted[file] >= _SHOWN:
            terminalreporter.write_line(f"{lasted[file]:7.0f} {worked[file]:7.0f}  {file}")
    rest = [file for file in longest if lasted[file] < _SHOWN]
    terminalreporter.write_line(
        f"{sum(map(lasted.get, rest)):7.0f} {sum(map(worked.get, rest)):7.0f}  "
        f"{len(rest)} further files"
    )
