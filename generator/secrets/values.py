"""A secret's value: made at random, or judged. No message repeats any of it."""

import re
import secrets
import string
from collections.abc import Iterator, Mapping

from generator.environment import Environment, mlflow_chart
from generator.secrets.table import CERTIFICATE, CERTIFICATE_KEY, Secret

# No character that a shell, an ini file, a URL or YAML would read as anything else.
_ALPHABET = string.ascii_letters + string.digits
_VISIBLE = re.compile(r"[!-~]*", re.ASCII)


def random(secret: Secret) -> str:
    """Return a new value: 32 characters have 190 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(secret.length))


def wrong(environment: Environment, values: Mapping[Secret, bytes]) -> Iterator[tuple[Secret, str]]:
    """Yield each value's secret and what is wrong with it: by itself, or beside the others."""
    found = [(s, text) for s, value in values.items() for text in problems(environment, s, value)]
    yield from found or _together(values)


def problems(environment: Environment, secret: Secret, value: bytes) -> Iterator[str]:
    """Yield what is wrong with a value, each with its cure."""
    if not value:
        yield "is empty"
        return
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        yield f"byte {error.start + 1} is not UTF-8; use letters, digits and ASCII punctuation"
        return
    if secret.lines:
        if message := secret.problem(environment, text):
            yield message
        return
    line = text.rstrip("\r\n")
    if line != text:
        yield "ends with a line break, which would be part of it"
    if not _VISIBLE.fullmatch(line):
        at = _VISIBLE.match(line)
        position = (at.end() if at else 0) + 1
        yield f"character {position} is not a letter, a digit or ASCII punctuation"
    if len(line) < secret.minimum:
        yield f"has {len(line)} characters; {secret.minimum} or more are needed"
    elif message := secret.problem(environment, line) or _misread(environment, secret, line):
        yield message


def _misread(environment: Environment, secret: Secret, line: str) -> str | None:
    """What a release would make of a value that it takes."""
    released = environment.apps.mlflow.delivery == "helm" and secret.name in mlflow_chart.SECRETS
    return mlflow_chart.misread(line) if released else None


def _together(values: Mapping[Secret, bytes]) -> Iterator[tuple[Secret, str]]:
    """Values that are right, and do not go with each other."""
    named = {secret.name: secret for secret in values}
    if {CERTIFICATE, CERTIFICATE_KEY} <= named.keys():
        from generator.secrets import certificate

        pair = [values[named[name]].decode() for name in (CERTIFICATE, CERTIFICATE_KEY)]
        if not certificate.fits(*pair):
            message = f"is not the key of {CERTIFICATE}; give both at once"
            yield named[CERTIFICATE_KEY], message
