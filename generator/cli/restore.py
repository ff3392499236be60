"""`gen restore`: the Job that brings a backup back."""

import sys

import click


@click.command()
@click.option(
    "--backup",
    metavar="NAME",
    default="",
    help="Which one, such as mlflow-20261124T021700Z.tar; the newest if not given.",
)
@click.option("--replace", is_flag=True, help="Give up what the databases hold now.")
def restore(backup: str, replace: bool) -> None:
    """Print the Job that restores a backup, from the cluster's own CronJob.

    The Job fails, and changes nothing, while MLflow runs, or while a database is not empty and
    --replace is not given. docs/backup.md has every step.

    Example: gen restore --replace <cronjob.yaml | kubectl create --filename -
    """
    from generator import restore, yaml

    if sys.stdin.isatty():
        raise click.UsageError(f"pipe the CronJob in: {restore.SOURCE} | gen restore")
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        text = ""  # no CronJob, whatever it is
    click.echo(yaml.dump(restore.job(text, backup, replace=replace)), nl=False)
