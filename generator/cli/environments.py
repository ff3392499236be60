"""`gen list` and `gen schema`: which environments there are, and what one may say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import tables

if TYPE_CHECKING:
    from generator.environment import Environment


@click.command("list")
@click.option("--values", "side_by_side", is_flag=True, help="Show the values that differ.")
@click.option("--all", "every", is_flag=True, help="With --values: show those that are equal too.")
@click.option(
    "--provision",
    "since",
    metavar="REV",
    help="Print those whose Azure resources differ from REV's, as a JSON list for a workflow.",
)
@click.pass_obj
def list_(root: Path, side_by_side: bool, every: bool, since: str | None) -> None:
    """List the environments, each with its cluster, region, image and address.

    Example: gen list --values
    """
    from generator import environment

    if every and not side_by_side:
        raise click.UsageError("--all goes with --values")
    if side_by_side:
        tables.show(_values(environment.load(root), every))
        return
    if since is not None:
        click.echo(json.dumps(_to_provision(root, environment.load(root), since)))
        return
    rows = [("NAME", "CLUSTER", "REGION", "IMAGE", "REPLICAS", "EXPOSURE", "SECRETS")]
    for env in environment.load(root):
        mlflow = env.apps.mlflow
        rows.append(
            (
                env.name,
                env.cluster.name,
                env.azure.location,
                f"{mlflow.image.name}:{mlflow.image.tag}",
                str(mlflow.replicas),
                mlflow.exposure.kind,
                env.secrets.provider,
            )
        )
    tables.show(rows)


def _to_provision(root: Path, environments: "list[Environment]", since: str) -> list[str]:
    """The environments whose declarations, or the library behind all of them, have changed."""
    from generator.environment.model import PLACEHOLDER_SUBSCRIPTION
    from generator.repository import revision

    paths = revision.differing(root, revision.base(root, since, "--provision").commit)
    folders = {path.parts[1] for path in paths if path.parts[0] == "infra" and len(path.parts) > 2}
    return [
        env.name
        for env in environments
        if folders & {env.name, "lib"} and env.azure.subscription != PLACEHOLDER_SUBSCRIPTION
    ]


def _values(environments: "list[Environment]", every: bool) -> list[tuple[str, ...]]:
    """A row a value, a column an environment; without `every` only rows that differ."""
    from generator.environment import keys, messages

    columns = [
        {messages.key(where): keys.spoken(value) for where, value in keys.leaves(env)}
        for env in environments
    ]
    known = sorted({key for column in columns for key in column}) if columns else []
    rows = [(key, *(column.get(key, "none") for column in columns)) for key in known]
    heading = ("VALUE", *(env.name.upper() for env in environments))
    return [heading, *(row for row in rows if every or len(set(row[1:])) > 1)]


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "markdown"]),
    default="json",
    help="markdown is docs/values.md, for people.",
)
def schema(form: str) -> None:
    """Print the JSON Schema of an environment file, for editors.

    Example: gen schema > environments/schema.json
    """
    from generator.environment import reference
    from generator.environment.model import Values

    if form == "markdown":
        click.echo(reference.markdown(), nl=False)
    else:
        click.echo(json.dumps(Values.model_json_schema(), indent=2))
