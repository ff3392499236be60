"""What the chart is given: known to it, typed, complete, and without a secret."""

import pytest

from generator import environment, yaml
from generator.environment import mlflow_chart, mlflow_versions
from generator.render import mlflow_release, mlflow_values
from generator.secrets import table
from generator.secrets import values as secret_values
from tests.manifests import cases
from tests.trees import MINIMAL, ROOT

FIRST, SECOND = (0, 17, 2), (1, 11, 5)
HELD = yaml.read((ROOT / "apps/mlflow/helm/release.yaml").read_text()).values["spec"]["values"]


def paths(values, above=""):
    """Every value that is in the table, or that no mapping holds."""
    for key, value in values.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and path not in mlflow_chart.KEYS:
            yield from paths(value, f"{path}.")
        else:
            yield path, value


@pytest.mark.parametrize("chart", [FIRST, SECOND], ids=mlflow_chart.dotted)
def test_what_stands_in_the_release_is_known_to_both_charts(chart):
    found = dict(paths(HELD))
    assert len(found) > 8
    assert [said for path in found if (said := problem(path, found[path], chart))] == []


def problem(path, value, chart):
    return mlflow_chart.problem(path, value, chart)


def test_what_a_secret_goes_to_is_known():
    names = {secret.name for secret in table.TABLE}
    assert mlflow_chart.SECRETS.keys() <= names
    for target in mlflow_chart.SECRETS.values():
        assert problem(target, "text", FIRST) is None


MISREAD = [
    "a,b-and-more-of-it",
    "a\\b-and-more-of-it",
    "{a}-and-more-of-it",
    "123456789012",
    '"in-quotes-12"',
]


@pytest.mark.parametrize("text", MISREAD)
def test_a_password_that_flux_would_read_as_something_else_is_refused(text):
    helm = MINIMAL + "    delivery: helm\n"
    (password,) = [one for one in table.TABLE if one.name == "database-password"]
    for values, refused in ((MINIMAL, False), (helm, True)):
        env = environment.check("test", environment.parse("test", values))
        said = list(secret_values.problems(env, password, text.encode()))
        assert [("Flux would read that" in one) for one in said] == [True] * refused


def test_what_gen_makes_and_azure_gives_is_read_as_it_is():
    for name in mlflow_chart.SECRETS:
        (secret,) = [one for one in table.TABLE if one.name == name]
        made = secret_values.random(secret) if secret.generated else CONNECTION
        assert mlflow_chart.misread(made) is None


CONNECTION = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a+/b==;EndpointSuffix=c.net"


def test_a_value_that_no_chart_knows_is_refused_with_every_other():
    wrong = [("replicas", 1), ("replicaCount", "1"), ("image.digest", "sha256:0")]
    with pytest.raises(ValueError, match="replicas") as refused:
        mlflow_chart.nested(wrong, FIRST)
    assert str(refused.value).split("; ") == [
        "replicas: is in no chart's table of values",
        "replicaCount: must be int, is str",
        "image.digest: came with chart 1.11.5, and this is 0.17.2",
    ]
    assert mlflow_chart.nested(wrong[2:], SECOND) == {"image": {"digest": "sha256:0"}}


def test_a_boolean_is_no_number():
    assert problem("replicaCount", True, FIRST) == "replicaCount: must be int, is bool"


def test_each_mlflow_that_is_served_has_its_chart():
    servers = {row.series.server for row in mlflow_versions.TABLE}
    assert mlflow_chart.CHARTS == {"gunicorn": FIRST, "uvicorn": SECOND}
    assert servers == mlflow_chart.CHARTS.keys()


@pytest.mark.parametrize("name", cases.FILES)
def test_no_secret_is_among_the_values(name):
    env = environment.check("test", environment.parse("test", cases.FILES[name].read_text()))
    given = dict(paths(mlflow_values.values(env)))
    assert {env.apps.mlflow.auth.admin, env.apps.mlflow.artifacts.account} <= set(
        filter(lambda value: isinstance(value, str), given.values())
    )
    assert (
        not {*mlflow_chart.SECRETS.values(), "auth.adminPassword", "auth.postgres.password"}
        & given.keys()
    )


def test_each_secret_value_comes_from_the_secret_that_flux_reads():
    env = environment.check("test", environment.parse("test", MINIMAL))
    patch = mlflow_release.patch(env, {"emptyDir": {}})
    sources = [
        operation["value"]
        for operation in yaml.read(str(patch["patch"])).values
        if operation["path"] == "/spec/valuesFrom/-"
    ]
    assert {source["kind"] for source in sources} == {"Secret"}
    assert {source["name"] for source in sources} == {table.KUBERNETES_SECRET}
    taken = {source["valuesKey"]: source["targetPath"] for source in sources}
    assert taken == mlflow_chart.SECRETS
