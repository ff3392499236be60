"""`gen list` and `gen schema`: which environments there are, and what one may say."""

import json
from pathlib import Path

import click

from generator.cli import tables


@click.command("list")
@click.pass_obj
def list_(root: Path) -> None:
    """List the environments, each with its cluster, region, image and address.

    Example: gen list
    """
    from generator import environment

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
