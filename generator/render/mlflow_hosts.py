"""Environment -> the names that MLflow 3 answers to, and the origins of its own pages.

It compares both letter by letter, or by a pattern of fnmatch's where there is a * in it.
"""

import re
from collections.abc import Iterator

from generator.environment import Environment

_CLUSTER_ENDS = ("", ".svc", ".svc.cluster.local")
_NUMBERS = ("*.[0-9]", "*.[0-9][0-9]", "*.[0-9][0-9][0-9]")  # as fnmatch reads them
_BRACKET = "[*[]"  # the first of an IPv6 address: for a pattern, and with the * that makes it one

# flask-cors gets the origins too, lets their pages read from everywhere, and tells everybody those
# that are no patterns. To it, which takes patterns for regular expressions, this is no h: no origin
# fits. To fnmatch it is an h, or one of two characters that no scheme begins with.
_H = "[^h*]"


def answered(env: Environment) -> Iterator[str]:
    """What a request's Host header may be: a name of the server, or whatever number it has.

    No browser takes a name that ends in a number for anything but an address, so these patterns
    let nobody's own name in, whose answers would change from one address to the server's.
    """
    names = ["localhost", "mlflow", *(f"mlflow.mlflow{end}" for end in _CLUSTER_ENDS)]
    for host in (*names, *env.hosts, *_NUMBERS):
        yield host
        yield f"{_escaped(host)}:*"


def spelled(env: Environment) -> Iterator[str]:
    """The same, and people's names in every spelling: for a server that no file of ours starts."""
    yield from answered(env)
    for host in env.hosts:
        for name in _spellings(host):
            yield _any_case(name)
            yield f"{_any_case(name)}:*"


def origins(env: Environment) -> Iterator[str]:
    """What the server's own pages may name as theirs, at any port.

    What ends TLS before it makes them https where the server itself speaks http.
    """
    for host in env.hosts:
        for scheme in _schemes(env, host):
            for name in _spellings(host):
                yield f"{_H}{scheme[1:]}://{_escaped(name)}"
                yield f"{_H}{scheme[1:]}://{_escaped(name)}:[0-9]*"


def _schemes(env: Environment, host: str) -> tuple[str, ...]:
    if env.apps.mlflow.exposure.tls:
        return ("https",)
    # Nothing but the server itself is where Azure's name leads.
    return ("http", "https") if host in env.apps.mlflow.exposure.hosts else ("http",)


def _spellings(host: str) -> Iterator[str]:
    yield host
    if host[-1] != "]" and not host.rpartition(".")[2].isdigit():  # an address ends in no full stop
        yield f"{host}."


def _escaped(host: str) -> str:
    return _BRACKET + host[1:] if host.startswith("[") else host


def _any_case(host: str) -> str:
    """A pattern of a name in any case. Its * is in the last letter: no DNS name has one there."""
    pattern = re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", _escaped(host))
    before, bracket, after = pattern.rpartition("[")
    return f"{before}{bracket}*{after}" if bracket else pattern
