"""infra/<env>/'s script -> what az, the Azure client, says against the commands it can run."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from generator import programs
from generator.environment import Environment
from generator.errors import Problem
from generator.render import infra

_PARSER = Path(__file__).with_name("azure_parser.py")
_MODELS = Path(__file__).with_name("azure_models.py")
_DIRECTIVE = re.compile(r"%s|%%|\\\\")
_CAPTURE = re.compile(r"\w+=\$\((az .*)\)")


def judged(root: Path, client: Path, env: Environment) -> list[Problem]:
    """Return the `problems` of a rendered script; one that has none is remembered as such."""
    if not (root / infra.script(env.name)).is_file():
        return []  # not rendered: gen check says so
    verdict = programs.cache() / "azure-commands" / _digest(root, client, env)
    if verdict.exists():
        return []
    found = problems(root, client, env)
    if not found:
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()
    return found


def _digest(root: Path, client: Path, env: Environment) -> str:
    """Return what changes with the script, its library, the client and this check."""
    library = sorted((root / "infra/lib").glob("*.sh"))
    digest = hashlib.sha256(client.name.encode())
    for file in (root / infra.script(env.name), *library, Path(__file__), _PARSER, _MODELS):
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def problems(root: Path, client: Path, env: Environment) -> list[Problem]:
    """Return what the parser of the client installed in `client` says against a script."""
    script = infra.script(env.name)
    listed = subprocess.run(
        ["bash", root / script, "commands"], capture_output=True, text=True, check=False
    )
    if listed.returncode:
        return [Problem(script, None, listed.stderr.strip() or "cannot list its commands")]
    found = commands(listed.stdout)
    return [Problem(script, None, message) for said in findings(client, found) for message in said]


def commands(text: str) -> list[list[str]]:
    """Return every az command in lines of shell, each as its words after `az`.

    Where a body comes from a printf, it stands in place of `@-`.
    """
    found = []
    for line in text.splitlines():
        printed = ""
        for words in _pipeline(_CAPTURE.sub(r"\1", line)):
            if words[:1] == ["az"]:
                found.append([printed if word == "@-" else word for word in words[1:]])
            printed = _DIRECTIVE.sub(_printed, words[1]) if words[:1] == ["printf"] else ""
    return found


def _printed(directive: re.Match[str]) -> str:
    return "x" if directive[0] == "%s" else directive[0][1]


def _pipeline(line: str) -> list[list[str]]:
    """Split at each `|` that is a word of its own: the script quotes every other."""
    parts: list[list[str]] = [[]]
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|")
    lexer.whitespace_split = True
    for word in lexer:
        if word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def findings(client: Path, commands: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return what the parser says against each command. It needs no network and no sign-in."""
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [client / "bin/python", _PARSER],
            input=json.dumps(commands),
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"AZURE_CONFIG_DIR": folder, "AZURE_CORE_COLLECT_TELEMETRY": "false"},
        )
    answer: list[list[str]] = json.loads(result.stdout)
    return answer
