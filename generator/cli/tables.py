"""Rows of text -> aligned columns on standard output."""

from collections.abc import Sequence

import click


def show(rows: Sequence[tuple[str, ...]]) -> None:
    """Print `rows`, the first of which is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
