"""docs/secrets.md is true: its table is the code's, its commands are gen's, its pipes work."""

import os
import re
import shlex
import subprocess

import click
import pytest

from generator import environment
from generator.cli import gen as command
from generator.secrets.table import TABLE
from tests.secrets.conftest import ENVIRONMENT
from tests.trees import ROOT, write

PAGE = (ROOT / "docs/secrets.md").read_text()
BLOCKS = [
    re.sub(r"\s*\\\n\s*|(?<=\|)\n\s*", " ", block)
    for block in re.findall(r"(?:^ {4,}\S.*\n)+", PAGE, re.MULTILINE)
]
LINES = [line.strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = [part for line in LINES for part in re.split(r"\||&&", line) if "gen " in part]


def test_the_table_is_the_codes():
    for s in TABLE:
        maker = "`gen`, at random" if s.generated else "people" if s.given else "Azure"
        cells = [f"`{s.name}`", s.purpose, ", ".join(s.workloads), maker]
        assert f"| {' | '.join(cells)} |\n" in PAGE


@pytest.mark.parametrize("text", COMMANDS)
def test_every_command_of_gen_is_one(text):
    _, *words = shlex.split(text)
    group, name, rest = command, "gen", words
    context = click.Context(group)
    while isinstance(group, click.Group):
        name, *rest = rest
        group = group.get_command(context, name)
    group.make_context(name, rest, resilient_parsing=False)


def pipe(heading, verb):
    """The pipe of a section that holds `verb`, in its parts."""
    section = PAGE[PAGE.index(f"## {heading}\n") :]
    text = next(line for line in LINES if verb in line and line.split()[0] in section)
    return [part.strip() for part in text.split("|")]


def test_a_value_goes_from_sops_to_a_key_vault_unchanged(repo, initialised, sops, plain):
    """As far as it goes without Azure: what az would read on its standard input."""
    *before_az, az = pipe("From sops to a key vault", "az keyvault secret set")
    assert "--file /dev/stdin" in az
    path = {**os.environ, "PATH": f"{sops.parent}:{os.environ['PATH']}"}
    value = subprocess.check_output(
        ["sh", "-c", " | ".join(before_az)], cwd=repo, env=path, text=True
    )
    assert value == plain()["database-password"]


def test_a_value_comes_back_from_a_key_vault_unchanged(repo, gen, initialised, sops, plain):
    """The environment was switched there and back; az prints a value and a line break."""
    old = plain()["database-password"]
    there = ENVIRONMENT.replace("provider: sops", "provider: key-vault\n  key_vault: kv-test")
    write(repo, "environments/staging.yaml", there)
    gen("render")
    initialised.unlink()
    write(repo, "environments/staging.yaml", there.replace("provider: key-vault", "provider: sops"))
    gen("secrets", "init", "--env", "staging")
    assert plain()["database-password"] != old

    az, set_ = pipe("From a key vault to sops", "az keyvault secret show")
    assert "--output tsv" in az
    _, *arguments = shlex.split(set_)
    gen(*arguments, input=old + "\n")

    assert plain()["database-password"] == old
    assert environment.load(repo, ["staging"])[0].secrets.key_vault == "kv-test"
