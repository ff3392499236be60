"""az command lines, as JSON -> what the real parser says against each, as JSON.

This runs in the Azure client's own Python, by path: it imports nothing of this project but what
lies beside it. It uses the client's parser up to the point where a command would run, without
network or sign-in. What `az rest` would send is held against the models of the client's SDKs.
"""

import itertools
import json
import re
import socket
import sys
from collections.abc import Iterator
from typing import Any

import azure_models
from azure.cli.core import get_default_cli
from azure.cli.core.commands import events as client_events
from azure.cli.core.parser import AzCliCommandParser
from knack import events
from knack.util import CLIError


def main() -> None:
    """Read a list of commands, each a list of words after `az`; write a list of findings each."""
    socket.socket.connect = _refuse  # type: ignore[method-assign]
    AzCliCommandParser.error = _error
    AzCliCommandParser.validation_error = _error
    AzCliCommandParser._check_value = _check_value
    findings = [list(_problems(words)) for words in json.load(sys.stdin)]
    json.dump(findings, sys.stdout)


def _refuse(*_: object) -> None:
    raise OSError("the parser is used offline")


def _error(parser: Any, message: str) -> None:
    """The stock one asks a service for advice, then exits."""
    raise CLIError(f"{parser.prog}: {message}")


def _check_value(parser: Any, action: Any, value: Any) -> None:
    """The stock one looks for extensions to install."""
    if action.choices is not None and value not in action.choices:
        option = action.option_strings[0] if action.option_strings else "az"
        known = ", ".join(map(str, list(action.choices)[:20]))
        raise CLIError(f"{parser.prog}: {option}: {value!r} is none of {known}")


def _problems(words: list[str]) -> Iterator[str]:
    try:
        invoker, command = _loaded(words)
        if command not in invoker.commands_loader.command_table:
            yield f"az {command}: no such command"
            return
        arguments = invoker.parser.parse_args(words)
    except CLIError as error:
        yield str(error)
        return
    except Exception as error:  # argparse's and validators' own kinds
        yield f"az {' '.join(words[:3])}: {error}"
        return
    yield from _abbreviations(invoker, command, words)
    if arguments.func.confirmation and not getattr(arguments, "yes", True):
        yield f"az {command}: asks before it acts; add --yes"
    if command == "rest" and arguments.body:
        for problem in azure_models.request_problems(
            arguments.method, arguments.url, arguments.body
        ):
            yield f"az rest: {problem}"


def _loaded(words: list[str]) -> tuple[Any, str]:
    """Load what the client would load for this command line; the same command only once."""
    key = tuple(itertools.takewhile(lambda word: not word.startswith("-"), words))
    if key not in _LOADED:
        _LOADED[key] = _load(words)
    return _LOADED[key]


_LOADED: dict[tuple[str, ...], tuple[Any, str]] = {}


def _load(words: list[str]) -> tuple[Any, str]:
    """Do what the client's own `execute` does up to parsing: the events add global arguments."""
    cli = get_default_cli()
    invoker = cli.invocation_cls(
        cli_ctx=cli,
        parser_cls=cli.parser_cls,
        commands_loader_cls=cli.commands_loader_cls,
        help_cls=cli.help_cls,
    )
    cli.invocation = invoker
    loader = invoker.commands_loader
    cli.raise_event(events.EVENT_INVOKER_PRE_CMD_TBL_CREATE, args=words)
    loader.load_command_table(words)
    command = invoker._rudimentary_get_command(words)
    invoker.data["command_string"] = command
    if command in loader.command_table:
        loader.command_table = {command: loader.command_table[command]}
    loader.command_name = command
    cli.raise_event(client_events.EVENT_INVOKER_PRE_LOAD_ARGUMENTS, commands_loader=loader)
    loader.load_arguments(command)
    cli.raise_event(client_events.EVENT_INVOKER_POST_LOAD_ARGUMENTS, commands_loader=loader)
    cli.raise_event(events.EVENT_INVOKER_POST_CMD_TBL_CREATE, commands_loader=loader)
    invoker.parser.cli_ctx = cli
    invoker.parser.load_command_table(loader)
    return invoker, command


def _abbreviations(invoker: Any, command: str, words: list[str]) -> Iterator[str]:
    """An abbreviated flag works until the client gets another one that starts alike."""
    options = invoker.parser.subparser_map[command]._option_string_actions
    for word in words:
        flag = word.partition("=")[0]
        if re.fullmatch(r"--[a-z][a-z0-9-]*", flag) and flag not in options:
            yield f"az {command}: {flag} is an abbreviation; write the whole flag"


if __name__ == "__main__":
    main()
