"""`exposure.hosts`: one spelling of each, nobody else's, and what MLflow 3 makes of them."""

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.environment import types
from generator.render import mlflow_hosts
from tests.review.objects import env
from tests.trees import MINIMAL, write


@pytest.mark.parametrize(
    ("text", "host"),
    {
        "mlflow.example.com": "mlflow.example.com",
        "MLflow.Example.com.:8443": "mlflow.example.com",
        "tracking": "tracking",
        "k8.k8": "k8.k8",
        "10.0.0.9:80": "10.0.0.9",
        "[2001:DB8:0::5]": "[2001:db8::5]",
        "[2001:db8::5]:8443": "[2001:db8::5]",
    }.items(),
)
def test_a_host_has_one_spelling(text, host):
    assert types.host(text) == types.host(host) == host


@pytest.mark.parametrize(
    "text",
    [
        *("https://mlflow.example.com", "mlflow.example.com/", "user@mlflow.example.com"),
        *("*.example.com", "*", "a..b", ".a", "-a.com", "a_b.com", "a,b", "a b", "", ".", "ümlaut"),
        *("2001:db8::5", "[2001:db8::5", "[fe80::1%25eth0]", "[::g]", "[]", "1.2.3", "a.1"),
        *("mlflow:", "mlflow:http", f"{'a' * 64}.com", "a." * 127 + "com", "${host}", "a\n"),
    ],
)
def test_what_is_no_host_is_refused(text):
    with pytest.raises(ValueError, match=r"must be a host as|no address|not hold "):
        types.host(text)


def taken(patterns, text):
    """Whether MLflow 3 finds a text among them."""
    return any(
        fnmatch.fnmatchcase(text, pattern) if "*" in pattern else text == pattern
        for pattern in patterns
    )


NAMES = st.from_regex(r"([a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?\.){0,3}[a-z]{1,9}", fullmatch=True)
HOSTS = st.one_of(
    NAMES,
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).filter(lambda ip: not ip.ipv4_mapped).map(lambda ip: f"[{ip}]"),
)
PORTS = st.one_of(st.just(""), st.integers(1, 65535).map(":{}".format))


def reached(*hosts):
    return env(apps__mlflow__image__tag="3.16.0", apps__mlflow__exposure__hosts=list(hosts))


@given(HOSTS, PORTS, st.randoms())
def test_every_spelling_of_a_host_is_answered_and_is_an_origin(host, port, random):
    made = reached(host)
    names = [host] if host.endswith("]") or host[-1].isdigit() else [host, f"{host}."]
    for name in names:
        case = "".join(random.choice([letter, letter.upper()]) for letter in name)
        assert taken(mlflow_hosts.answered(made), f"{host}{port}")
        assert taken(mlflow_hosts.spelled(made), f"{case}{port}")
        for scheme in ("http", "https"):
            assert taken(mlflow_hosts.origins(made), f"{scheme}://{name}{port}")


def named(text):
    try:
        return types.host(text)
    except ValueError:
        return None


@given(HOSTS, HOSTS, PORTS, st.sampled_from(["", ".", "-", "x"]))
def test_nobody_else_is_taken_for_it(host, other, port, between):
    made, without = reached(host), list(mlflow_hosts.spelled(reached()))
    strange = {f"{host}{between}{other}", f"{other}{between}{host}", other}
    for name in (name for name in strange if named(name) != host):
        assert not taken(mlflow_hosts.origins(made), f"http://{name}{port}")
        known = taken(without, f"{name}{port}")  # as localhost is, and every number
        assert taken(mlflow_hosts.spelled(made), f"{name}{port}") is known


@given(HOSTS, HOSTS, PORTS)
def test_no_origin_is_let_read_from_elsewhere(host, other, port):
    for pattern in mlflow_hosts.origins(reached(host)):
        read = re.compile(pattern, re.IGNORECASE)
        for scheme in ("http", "https"):
            for name in (host, other, f"{host}.{other}"):
                assert not read.match(f"{scheme}://{name}{port}")


@pytest.mark.parametrize(
    ("values", "schemes"),
    [
        ({"hosts": ["a.example"]}, {"http", "https"}),
        ({"dns_label": "abc"}, {"http"}),
        ({"hosts": ["a.example"], "tls__host": "b.example"}, {"https"}),
    ],
)
def test_the_schemes_are_those_under_which_people_see_its_pages(values, schemes):
    made = env(**{f"apps__mlflow__exposure__{key}": value for key, value in values.items()})
    for host in made.hosts:
        found = {s for s in ("http", "https") if taken(mlflow_hosts.origins(made), f"{s}://{host}")}
        assert found == schemes


ONE = """\
      dns_label: one
      hosts: [a.example, "[2001:db8::5]"]
      tls: {host: b.example}
"""


@pytest.mark.parametrize(
    ("two", "key"),
    [
        ("hosts: [c.example, 'A.example.:8443']", "hosts[1]"),
        ("hosts: ['[2001:DB8:0::5]']", "hosts[0]"),
        ("hosts: [b.example]", "hosts[0]"),
        ("hosts: [One.CentralIndia.cloudapp.azure.com]", "hosts[0]"),
        ("tls: {host: a.example}", "tls.host"),
        ("dns_label: one", "dns_label"),
        ("tls: {host: one.centralindia.cloudapp.azure.com}", "tls.host"),
    ],
)
def test_no_two_environments_have_one_name(two, key, repo, gen):
    other = MINIMAL.replace("mlflowtest0", "other0").replace("-test", "-other")
    for name, text, more in (("one", MINIMAL, ONE), ("two", other, f"      {two}\n")):
        write(
            repo, f"environments/{name}.yaml", text.replace("    artifacts", f"{more}    artifacts")
        )
    assert gen("render", exit_code=1).output == (
        f"environments/two.yaml:14: apps.mlflow.exposure.{key}: is one's too "
        "(environments/one.yaml), and each would act on the other's; "
        "give one of them another name\n"
    )
