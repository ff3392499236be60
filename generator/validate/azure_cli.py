"""infra/<env>/'s script -> what az, the Azure client, says against the commands it can run."""

import json
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from generator.environment import Environment
from generator.errors import Problem
from generator.render.infra import SCRIPT

_PARSER = Path(__file__).with_name("azure_parser.py")
_CAPTURE = re.compile(r"\w+=\$\((az .*)\)")


def problems(root: Path, client: Path, env: Environment) -> list[Problem]:
    """Return what the parser of the client installed in `client` says against a script."""
    script = PurePosixPath("infra", env.name, SCRIPT)
    listed = subprocess.run(
        ["bash", root / script, "commands"], capture_output=True, text=True, check=False
    )
    if listed.returncode:
        return [Problem(script, None, listed.stderr.strip() or "cannot list its commands")]
    found = commands(listed.stdout)
    return [Problem(script, None, message) for said in findings(client, found) for message in said]


def commands(text: str) -> list[list[str]]:
    """Return every az command in lines of shell, each as its words after `az`."""
    lines = (_CAPTURE.sub(r"\1", line) for line in text.splitlines())
    return [words[1:] for line in lines for words in _pipeline(line) if words[:1] == ["az"]]


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
