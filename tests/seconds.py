"""Reports of tests -> a table of how long the tests of each file took, printed when a run ends."""

from collections import Counter

import pytest

_SHOWN = 10
"""Seconds from which a file has a line of its own."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, the longest file first."""
    seconds = Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    terminalreporter.section("seconds")
    shown = [(file, took) for file, took in seconds.most_common() if took >= _SHOWN]
    for file, took in shown:
        terminalreporter.write_line(f"{took:7.0f}  {file}")
    rest = seconds.total() - sum(took for _, took in shown)
    terminalreporter.write_line(f"{rest:7.0f}  {len(seconds) - len(shown)} further files")
