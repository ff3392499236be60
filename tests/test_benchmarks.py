"""A benchmark that misses its limit fails: the server's, without a server."""

from contextlib import nullcontext

import pytest

from benchmarks import server
from benchmarks.server import Round

CHART = Round(10.0, [0.5])


@pytest.fixture
def main(monkeypatch):
    """Run the benchmark where ours is as measured with 8 clients, and else twice as fast."""

    def run(ours: Round) -> None:
        won = Round(20.0, [0.25])
        measured = {("ours", 8): ours} | {("ours", clients): won for clients in (1, 32)}
        monkeypatch.setattr(server, "servers", lambda: nullcontext(("chart", "ours")))
        monkeypatch.setattr(server, "measured", lambda *asked: measured.get(asked, CHART))
        server.main()

    return run


@pytest.mark.parametrize("ours", [CHART, Round(10.0, [0.4]), Round(11.0, [0.5]), Round(9, [0.6])])
def test_a_row_of_the_servers_that_is_not_won_fails(main, ours, capsys):
    with pytest.raises(SystemExit) as raised:
        main(ours)
    assert raised.value.code == "lost to the chart with clients: 8"
    assert capsys.readouterr().out.count("\n") == 2 + len(server.CLIENTS)


def test_winning_every_row_passes(main, capsys):
    main(Round(11.0, [0.4]))
    assert capsys.readouterr().out.splitlines()[3] == (
        "| 8 | 10.0 | 11.0 | 1.10 | 500 | 400 | 0.80 |"
    )
