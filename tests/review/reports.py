"""Reports of the tests: any number of environments, any text in any place."""

from generator.review.model import Level
from generator.review.report import Change, Difference, Environment, Finding, Report


def report(*environments, **rest):
    values = {"base": "merge base with origin/main", "commit": "0123456789abcdef", "notes": []}
    return Report(environments=list(environments), **{"unchanged": ["quiet"]} | values | rest)


def environment(name="prod", level=Level.RESTART, text="web", count=1, value="new", **rest):
    finding = Finding(rule="restart", level=int(level), subject=text, message=text, cure=text)
    fields = [
        Difference(path=f"spec.{text}", before="old", after=value),
        Difference(path="spec.lines", before="one\ntwo\n", after=f"one\n{value}\n"),
    ]
    change = Change(
        verb="update", group="apps", kind="Deployment", namespace="mlflow", name=text,
        kustomization="", noise=False, fields=fields,
    )  # fmt: skip
    values = {"name": name, "level": int(level), "why": text, "findings": [finding]}
    return Environment(changes=[change] * count, **values | rest)


HOSTILE = [
    "</script><script>document.title='broken'</script>",
    "<img src=https://example.org/x onerror=\"document.title='broken'\">",
    "![image](https://example.org/x.png)",
    "[link](https://example.org)",
    "@octocat @example/team fixes #1",
    "https://example.org/x",
    "`` ` ``` ````` code",
    "a | b \\| c |",
    "<!-- --> </details></summary> --!>",
    "</style><style>*{display:none}</style>",
    "'\" onmouseover=\"document.title='broken'",
    "{{ 7 * 7 }} {% raw %} ${{ github.token }}",
    "::error::broken ::set-output name=x::y",
    "line one\n# heading\n- list\n```\n~~~\n",
    "\u202eright to left\u2066",
]
