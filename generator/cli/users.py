"""`gen users`: who may log in to an environment's server, and what each may do."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import options, servers, tables
from generator.errors import GenError, Problem

if TYPE_CHECKING:
    from generator.client.access import Access
    from generator.client.users import Users
    from generator.environment import Environment

_KINDS = ("experiment", "model")
_PERMISSIONS = ("READ", "EDIT", "MANAGE", "NO_PERMISSIONS")

_user = click.argument("name", metavar="USER")
_kind = click.argument("kind", type=click.Choice(_KINDS))
_what = click.argument("what", metavar="NAME")


@click.group()
def users() -> None:
    """Add and remove the users of a server, and say what each may do.

    It asks as the administrator, or as the user that the variables of "gen client" name.
    docs/users.md tells what a permission means.

    Example: gen users add --env prod alice
    """


@users.command()
@options.one_env
@_user
@click.pass_obj
def add(root: Path, env_name: str, name: str) -> None:
    """Make a user. The password is asked for, or the line on standard input.

    Example: gen users add --env prod alice
    """
    env = _checked(root, env_name, "add", name)
    with _opened(root, env) as found:
        found.expect_none(name)
        found.add(name, _password(found.access))
        click.echo(f"{name} may log in at {found.access.url}")
        click.echo(_default(found.access))


@users.command("password")
@options.one_env
@_user
@click.pass_obj
def password(root: Path, env_name: str, name: str) -> None:
    """Give a user another password; the one of before is refused at once.

    Example: gen users password --env prod alice
    """
    env = _checked(root, env_name, "password", name)
    with _opened(root, env) as found:
        found.password(name, _password(found.access))
        click.echo(f"{_plain(name)} has another password")


@users.command()
@options.one_env
@_user
@_kind
@_what
@click.argument(
    "permission",
    type=click.Choice(_PERMISSIONS, case_sensitive=False),
    metavar=f"{{{'|'.join(_PERMISSIONS)}}}",
)
@click.pass_obj
def permit(root: Path, env_name: str, name: str, kind: str, what: str, permission: str) -> None:
    """Grant a permission for one thing, in place of the one that the user has.

    Example: gen users permit --env prod alice experiment iris EDIT
    """
    env = _checked(root, env_name, "permit", name, kind=kind, what=what)
    with _opened(root, env) as found:
        thing, before = found.permit(name, kind, what, permission)
        instead = f", no longer {before}" if before not in ("", permission) else ""
        already = "already " if before == permission else ""
        click.echo(f"{_plain(name)} {already}has {permission} for {thing}{instead}")
        _warn_of_floor(found, permission)


@users.command()
@options.one_env
@_user
@_kind
@_what
@click.pass_obj
def revoke(root: Path, env_name: str, name: str, kind: str, what: str) -> None:
    """Take a grant back. Without one, it says so and ends well.

    Example: gen users revoke --env prod alice experiment iris
    """
    env = _checked(root, env_name, "revoke", name, kind=kind, what=what)
    with _opened(root, env) as found:
        if held := found.revoke(name, kind, what):
            click.echo(f"{_plain(name)} no longer has {held.permission} for {held.thing}")
        else:
            click.echo(f"{_plain(name)} has no grant for {kind} {_plain(what)}")
        click.echo(_default(found.access))


@users.command()
@options.one_env
@_user
@click.pass_obj
def remove(root: Path, env_name: str, name: str) -> None:
    """Remove a user with all grants. Runs and models stay.

    It ends when the server lets the user in no more, and says who manages what they did.

    Example: gen users remove --env prod alice
    """
    env = _checked(root, env_name, "remove", name)
    with _opened(root, env) as found:
        managed = found.remove(name)
        click.echo(f"{_plain(name)} is removed, and cannot log in")
        for thing, others in managed.items():
            who = ["administrators", *(others or ()), *_anybody(found.access)]
            more = "; others by a grant, if any" if others is None else ""
            click.echo(f"{thing} is now managed by: {', '.join(map(_plain, who))}{more}")


def _anybody(access: "Access") -> list[str]:
    managed = access.env.apps.mlflow.auth.default_permission == "MANAGE"
    return ["everybody, by default_permission"] if managed else []


@users.command("list")
@options.one_env
@click.pass_obj
def list_(root: Path, env_name: str) -> None:
    """List the users. MLflow 2.22 has no route for that: there kubectl asks PostgreSQL.

    Example: gen users list --env prod
    """
    from generator import environment

    with _opened(root, environment.load(root, [env_name])[0]) as found:
        if not found.series.lists:
            click.echo(_BY_KUBECTL.format(version=found.version), err=True)
        rows = [("USER", "ADMINISTRATOR", "GRANTS")]
        for user in found.everybody():
            admin = "yes" if user.is_admin else "no"
            rows.append((_plain(user.name), admin, str(len(user.grants))))
        tables.show(rows)


_BY_KUBECTL = "MLflow {version} has no route that lists users: kubectl asks PostgreSQL"


@users.command()
@options.one_env
@_user
@click.pass_obj
def show(root: Path, env_name: str, name: str) -> None:
    """Show what a user was granted.

    Example: gen users show --env prod alice
    """
    env = _checked(root, env_name, "show", name)
    with _opened(root, env) as found:
        user = found.user(name)
        everything = f"{_plain(name)} is an administrator, and may do everything"
        click.echo(everything if user.is_admin else _default(found.access))
        if user.grants:
            rows = [
                (grant.thing.kind, grant.thing.called, grant.permission, _plain(grant.role))
                for grant in sorted(user.grants, key=lambda grant: grant.thing.identity)
            ]
            tables.show([("KIND", "NAME", "PERMISSION", "BY ROLE"), *rows])


def _default(access: "Access") -> str:
    """What users may do with what nobody granted them."""
    permission = access.env.apps.mlflow.auth.default_permission
    return f"default_permission is {permission}: without a grant, {_MAY[permission]}"


_MAY = {
    "READ": "everything may be read",
    "EDIT": "everything may be read and changed",
    "MANAGE": "everything may be read, changed and deleted",
    "NO_PERMISSIONS": "nothing is seen",
}


def _warn_of_floor(found: "Users", permission: str) -> None:
    """Say where a grant changes nothing."""
    if default := found.floor(permission):
        stays = f"stays: MLflow {found.version} takes the higher of the two"
        click.echo(f"default_permission {default} {stays}", err=True)


def _plain(text: str) -> str:
    from generator.client.users import model

    return model.plain(text)


def _checked(
    root: Path, env_name: str, action: str, name: str, *, kind: str = "", what: str | None = None
) -> "Environment":
    """Return the environment, once what was typed can be right."""
    from generator import environment
    from generator.client.users import model

    (env,) = environment.load(root, [env_name])
    named = model.wrong_new_name if action == "add" else model.wrong_name
    thing = model.wrong_thing(kind, what) if what is not None else None
    if why := named(name) or thing or model.refused(env, action, name):
        raise GenError([Problem(environment.path(env_name), None, why)])
    return env


@contextmanager
def _opened(root: Path, env: "Environment") -> "Iterator[Users]":
    """Give the users of an environment's server. What fails meanwhile is said in a line."""
    from generator.client import access, commands, users
    from generator.client.asking import Failed
    from generator.client.users import postgresql

    found = access.of(env, os.environ, access.run_in(root, env))
    servers.say_where(found)
    servers.warn_of_clear_text(found)
    try:
        yield users.opened(found, lambda: postgresql.rows(root))
    except Failed as failed:
        raise found.failed(failed, found.again if failed.status == 401 else "") from None
    except commands.CannotRun as cannot:
        raise found.error(str(cannot)) from None


def _password(access: "Access") -> str:
    """A password from a prompt that shows nothing, or the line on standard input."""
    from generator.client.users import model

    if sys.stdin.isatty():
        given: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt="Again", err=True
        )
    else:
        given = _line(sys.stdin.buffer.read(_MOST))
    if why := model.wrong_password(given):
        raise access.error(why)
    return given


_MOST = 1 << 12  # bytes of standard input that are read


def _line(data: bytes) -> str:
    """The line without its end. What is not UTF-8 stays to be seen, and is refused."""
    text = data.decode(errors="surrogateescape")
    return text.removesuffix("\n").removesuffix("\r")
