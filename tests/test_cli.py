"""The command as a whole: help, completion, exit codes, where it works, what it prints."""

import contextlib
import os
import pty
import subprocess
import sys
from importlib import metadata

import click
import pytest
from click.testing import CliRunner

from generator.cli import gen as command
from generator.cli import progress
from tests.trees import MINIMAL, ROOT, write

NAMES = command.list_commands(click.Context(command))


def run(*arguments, cwd=ROOT, **variables):
    return subprocess.run(
        [sys.executable, "-m", "generator", *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def test_help_lists_every_command_in_its_own_words():
    output = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    for name in NAMES:
        words = command.get_command(click.Context(command), name).get_short_help_str(limit=200)
        assert f" {name} {words}" in output


@pytest.mark.parametrize("name", NAMES)
def test_every_command_shows_an_example(name):
    assert "Example: gen " in CliRunner().invoke(command, [name, "--help"]).output


def test_version():
    assert run("--version").stdout == f"gen, version {metadata.version('generator')}\n"


@pytest.mark.parametrize(
    "arguments", [["rendr"], ["render", "--nope"], ["-C", "/nope", "list"], ["new"]]
)
def test_usage_errors_exit_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "Usage: " in result.stderr


def test_completion_knows_commands_and_environments():
    words = {
        "_GEN_COMPLETE": "bash_complete",
        "COMP_WORDS": "gen render --env p",
        "COMP_CWORD": "3",
    }
    assert run(**words).stdout == "plain,prod\n"
    words = {"_GEN_COMPLETE": "bash_complete", "COMP_WORDS": "gen ch", "COMP_CWORD": "1"}
    assert run(**words).stdout == "plain,check\n"


def test_a_long_run_shows_its_progress_on_a_terminal(monkeypatch):
    """And a short one, or one that nobody watches, shows nothing."""
    main, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        assert [*progress.bar(range(3), "rendering")] == [0, 1, 2]
        monkeypatch.setattr(progress, "_PATIENCE", 0)
        assert [*progress.bar(range(3), "rendering")] == [0, 1, 2]
    shown = ""
    while "100%" not in shown:
        shown += os.read(main, 10_000).decode()
    assert "rendering" in shown


def test_help_needs_no_heavy_import():
    script = (
        "import sys; from click.testing import CliRunner; from generator.cli import gen\n"
        "CliRunner().invoke(gen, ['--help'])\n"
        "print([name for name in ('pydantic', 'jinja2', 'ruamel') if name in sys.modules])\n"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"


@pytest.mark.parametrize("given", [b"", b"\xff\xfe", b"kind: ["])
def test_what_is_no_cron_job_restores_nothing(gen, given):
    output = gen("restore", input=given, exit_code=1).output
    assert output.startswith("standard input: is no CronJob mlflow-backup of this project; ")


def test_list_is_a_table(repo, gen):
    write(repo, "environments/test.yaml", MINIMAL)
    assert gen("list").output == (
        "NAME  CLUSTER          REGION        IMAGE                    REPLICAS  "
        "EXPOSURE       SECRETS\n"
        "test  aks-mlflow-test  centralindia  burakince/mlflow:2.22.0  1         "
        "load-balancer  sops\n"
    )


def test_the_committed_schema_is_the_printed_one(gen):
    assert (ROOT / "environments/schema.json").read_text() == gen("schema").output


def test_every_environment_file_names_its_schema():
    for file in (ROOT / "environments").glob("*.yaml"):
        assert file.read_text().startswith("# yaml-language-server: $schema=schema.json\n"), file


def test_no_colour_where_nobody_sees_it(tmp_path):
    write(tmp_path, "environments/test.yaml", MINIMAL)
    assert "\x1b[" not in run("-C", str(tmp_path), "render").stdout


@pytest.mark.parametrize("command", ["check", "render"])
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_on_a_terminal_unless_no_color_says_something(tmp_path, command, no_color, coloured):
    write(tmp_path, "environments/test.yaml", MINIMAL)
    assert ("\x1b[" in on_terminal("-C", str(tmp_path), command, NO_COLOR=no_color)) is coloured


def on_terminal(*arguments, **variables):
    """What gen shows on a terminal; it is read while gen writes, or a full terminal stops it."""
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "generator", *arguments],
        env={**os.environ, **variables},
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal that nobody writes to with EIO
        while read := os.read(main, 10_000):
            shown += read
    os.close(main)
    assert process.wait() in (0, 1)
    return shown.decode()
