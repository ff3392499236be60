"""Settings -> lines that a shell reads, or a file that a notebook does."""

import re
from collections.abc import Callable

from generator.client.settings import Settings, Value

_BARE = re.compile(r"[A-Za-z0-9_./:@=-]+")
_QUOTABLE = re.compile(r"[^\"$`\\!\x00-\x1f\x7f]*")


def bash(settings: Settings) -> str:
    """Return lines for bash and zsh: eval "$(gen client --env NAME)"."""
    return _lines(settings, lambda name, value: f"export {name}={_bash(value)}")


def _bash(value: Value) -> str:
    decode = " | base64 --decode" if value.base64 else ""
    output = f'"$({_command(value)}{decode})"' if value.command else ""
    return (quoted(value.text) if value.text else "") + output


def fish(settings: Settings) -> str:
    """Return lines for fish: gen client --env NAME --shell fish | source."""
    return _lines(settings, lambda name, value: f"set -gx {name} {_fish(value)}")


def _fish(value: Value) -> str:
    decode = " | base64 --decode" if value.base64 else ""
    output = f"({_command(value)}{decode} | string collect)" if value.command else ""
    return (quoted(value.text) if value.text else "") + output


def powershell(settings: Settings) -> str:
    """Return lines for PowerShell: gen client --env NAME --shell powershell | Invoke-Expression."""
    return _lines(settings, lambda name, value: f"$Env:{name} = {_powershell(value)}")


def _powershell(value: Value) -> str:
    output = f"({_command(value)})"
    if value.base64:
        output = f"[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String({output}))"
    parts = [f'"{value.text}"'] if value.text else []
    return " + ".join([*parts, output] if value.command else parts)


def dotenv(settings: Settings) -> str:
    """Return a .env file. It can run no command, so a remark says how to add what needs one."""
    return _lines(settings, _assignment)


def _assignment(name: str, value: Value) -> str:
    if value.command:
        return f"# printf '{name}=%s\\n' {_bash(value)} >>.env"
    return f"{name}={value.text}"


SHELLS: dict[str, Callable[[Settings], str]] = {
    "bash": bash,
    "fish": fish,
    "powershell": powershell,
    "dotenv": dotenv,
}


def quoted(word: str) -> str:
    """Return `word` as bash, fish and PowerShell all read it. Raises ValueError where they differ.

    No value of an environment does: their types see to that.
    """
    if _BARE.fullmatch(word):
        return word
    if _QUOTABLE.fullmatch(word):
        return f'"{word}"'
    raise ValueError(f"cannot be quoted alike in every shell: {word!r}")


def _command(value: Value) -> str:
    return " ".join(map(quoted, value.command))


def _lines(settings: Settings, line: Callable[[str, Value], str]) -> str:
    return "".join(f"{line(name, value)}\n" for name, value in settings.variables.items())
