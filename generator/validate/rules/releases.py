"""What Helm makes of a release, and whether it could be looked at."""

from collections.abc import Iterator

from generator.errors import Problem
from generator.validate import fields
from generator.validate.cluster import Cluster
from generator.validate.releases import SECRET, VARIABLE, VENDORED


def revealed_secret(cluster: Cluster) -> Iterator[Problem]:
    """A secret that a chart puts where everybody reads it: anywhere but into a Secret."""
    for item in cluster.released:
        if item.kind != "Secret" and SECRET in item.text:
            for field, _, value in fields.walk(item.values):
                if isinstance(value, str) and SECRET in value:
                    yield item.problem(field, "the chart writes a secret here in plain text")


def unseen_chart(cluster: Cluster) -> Iterator[Problem]:
    """A release whose chart is not at hand: nothing is said of its pods."""
    for item in cluster.unseen:
        chart = fields.mapping(item.values, "spec", "chart", "spec")
        name = f"{fields.text(chart, 'chart')} {fields.text(chart, 'version')}"
        message = f"chart {name} is not at hand, so what it makes is not checked"
        yield item.problem("spec.chart", f"{message}; name it: {VARIABLE}, or {VENDORED}/")
