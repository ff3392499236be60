"""Whatever text a type allows arrives unchanged for a YAML 1.1 reader, and stays a value."""

import re
from typing import get_args

import yaml as yaml_1_1
from hypothesis import given
from hypothesis import strategies as st

from generator import environment, render, yaml
from generator.environment import types
from tests.trees import MINIMAL


def texts(annotation: object) -> st.SearchStrategy[str]:
    """Texts that a type of `types` allows."""
    rule = next(item for item in get_args(annotation)[1:] if isinstance(item, types.Text))
    return st.from_regex(re.compile(rule.pattern, re.ASCII), fullmatch=True).filter(
        lambda text: "${" not in text
    )


@st.composite
def environments(draw: st.DrawFn) -> environment.Environment:
    values = yaml.read(MINIMAL).values
    assert isinstance(values, dict)
    mlflow = values["apps"]["mlflow"]
    values["azure"]["resource_group"] = draw(texts(types.ResourceGroup))
    values["azure"]["tags"] = draw(
        st.dictionaries(texts(types.TagName), texts(types.TagValue), max_size=3)
    )
    values["secrets"] = {"provider": "key-vault", "key_vault": draw(texts(types.KeyVaultName))}
    mlflow["image"] = {"name": f"{draw(REGISTRIES)}/burakince/mlflow", "tag": draw(TAGS)}
    mlflow["auth"] = {"admin": draw(texts(types.UserName))}
    mlflow["artifacts"] = {
        "account": draw(texts(types.StorageAccount)),
        "container": draw(texts(types.BlobContainer)),
    }
    mlflow["exposure"]["dns_label"] = draw(texts(types.DnsLabel))
    mlflow["exposure"]["hosts"] = draw(st.lists(HOSTS, max_size=2, unique_by=types.host))
    mlflow["exposure"]["allowed_networks"] = draw(
        st.lists(st.ip_addresses(v=4).map(lambda ip: f"{ip}/{ip.max_prefixlen}"), min_size=1)
    )
    typed = environment.Values.model_validate(values)
    return environment.Environment.model_construct(name="test", **dict(typed))


# As people may type them, words that YAML 1.1 takes for others included.
HOSTS = st.one_of(
    st.from_regex(r"([A-Za-z0-9]{1,9}\.){0,2}[A-Za-z]{1,9}\.?(:[0-9]{1,5})?", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map("[{}]".format),
)

# A mirror of an image that the manifests serve: no other one renders.
REGISTRIES = st.from_regex(
    r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?\.[a-z]{2}(:[0-9]{1,5})?", fullmatch=True
)
TAGS = st.sampled_from(["2.22.0", "2.22.1", "3.16.0"])


def documents(env):
    """Every object of the rendered YAML files, by file name, kind and name."""
    return {
        (
            file.path.parent.name,
            file.path.name,
            doc["kind"],
            doc.get("metadata", {}).get("name"),
        ): doc
        for file in render.files(env, encrypted=[render.secrets(env)])
        if file.path.suffix == ".yaml"
        for doc in yaml_1_1.safe_load_all(file.text)
    }


@given(environments())
def test_values_arrive_unchanged(env):
    found = documents(env)
    mlflow = env.apps.mlflow
    storage = found["data", "patches.yaml", "StorageClass", "mlflow-data"]
    assert storage["parameters"]["resourceGroup"] == env.azure.resource_group
    vault = found["data", "secret-provider-classes.yaml", "SecretProviderClass", "mlflow-secrets"]
    assert vault["spec"]["parameters"]["keyvaultName"] == env.secrets.key_vault
    service = found["server", "patches.yaml", "Service", "mlflow"]
    assert service["spec"]["loadBalancerSourceRanges"] == list(mlflow.exposure.allowed_networks)
    assert mlflow.exposure.dns_label in service["metadata"]["annotations"].values()
    server = found["server", "kustomization.yaml", "Kustomization", None]
    assert server["images"] == [
        {"name": "mlflow", "newName": mlflow.image.name, "newTag": mlflow.image.tag}
    ]
    settings = dict(item.split("=", 1) for item in server["configMapGenerator"][0]["literals"])
    assert settings["ADMIN"] == mlflow.auth.admin
    if mlflow.image.series.checks_host:
        names = settings["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
        assert set(mlflow.exposure.hosts) <= set(names)
    assert settings["ARTIFACTS_DESTINATION"] == (
        f"wasbs://{mlflow.artifacts.container}@{mlflow.artifacts.account}.blob.core.windows.net/"
    )


@given(environments())
def test_values_never_become_structure_or_a_substitution(env):
    """The same objects with the same keys as those of plain values, and only our variables."""
    plain = environment.check("test", environment.parse("test", MINIMAL))
    assert set(documents(plain)) <= set(documents(env))
    for file in render.files(env, encrypted=[render.secrets(env)]):
        if file.path.suffix == ".yaml":
            assert set(re.findall(r"\$\{[^}]*\}?", file.text)) <= {
                "${azure_client_id}",
                "${azure_tenant_id}",
            }
            assert not file.path.is_absolute()
            assert ".." not in file.path.parts


@given(environments())
def test_the_same_input_gives_the_same_bytes(env):
    assert render.files(env, encrypted=[render.secrets(env)]) == render.files(
        env, encrypted=[render.secrets(env)]
    )
