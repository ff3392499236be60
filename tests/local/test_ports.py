"""A port is the first that is free from 5000 on, for one at a time."""

import socket
from contextlib import ExitStack

import pytest

from generator.local import ports


@pytest.fixture(autouse=True)
def _of_this_test(tmp_path, monkeypatch):
    """Locks of its own, and ports that nobody else asks for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        monkeypatch.setattr(ports, "FIRST", sock.getsockname()[1])
        monkeypatch.setattr(ports, "_LAST", sock.getsockname()[1] + 20)


def test_two_at_once_get_two(tmp_path):
    with ports.held(wish=True) as first, ports.held(wish=True) as second:
        assert ports.FIRST <= first < second
    with ports.held(wish=True) as again:
        assert again == first


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_one_that_another_program_uses_is_passed_over(address):
    with socket.create_server((address, ports.FIRST)), ports.held(wish=True) as port:
        assert port > ports.FIRST


def test_where_all_are_taken_any_will_do(monkeypatch):
    with ExitStack() as stack:
        monkeypatch.setattr(ports, "_LAST", ports.FIRST + 1)
        stack.enter_context(socket.create_server(("127.0.0.1", ports.FIRST)))
        port = stack.enter_context(ports.held(wish=True))
        assert port != ports.FIRST
        with socket.create_server(("127.0.0.1", port)):
            pass
