"""One word changes the delivery, and the same word back leaves no trace."""

from generator import yaml
from tests.helm.conftest import Gen
from tests.trees import ROOT, tree

DEV = "apps/mlflow/overlays/dev"


def test_to_the_chart_and_back(copy, run: Gen):
    before = tree(copy)

    run("set", "--env", "dev", "apps.mlflow.delivery=helm")
    said = run("validate")
    between = tree(copy)
    run("set", "--env", "dev", "apps.mlflow.delivery=kustomize")

    assert ": no problems" in said.stdout
    assert "chart mlflow 0.17.2 is not at hand" in said.stderr
    differing = {path for path in between if between[path] != before.get(path)}
    provisioned = "infra/dev/azure-resource-provisioning.sh"  # AKS's Flux then installs charts
    assert differing == {"environments/dev.yaml", provisioned} | {
        f"{DEV}/server/{name}"
        for name in ("kustomization.yaml", "mlflow-values.yaml", "patches.yaml")
    }
    after = tree(copy)
    line = "    delivery: kustomize\n"
    assert after["environments/dev.yaml"].replace(line, "") == before["environments/dev.yaml"]
    del after["environments/dev.yaml"], before["environments/dev.yaml"]
    assert after == before


def test_a_local_server_is_like_our_own_manifests_alone(copy, run: Gen):
    run("set", "--env", "dev", "apps.mlflow.delivery=helm")

    said = run("local", "--like", "dev", code=1).stderr

    assert "environments/dev.yaml: apps.mlflow.delivery: a chart's server runs in a cluster" in said
    assert "Traceback" not in said


def test_with_a_vault_what_flux_reads_lives_as_long_as_the_database(copy, run: Gen):
    """The driver copies secrets only while a pod has a volume of their class."""
    run("set", "--env", "prod", "apps.mlflow.delivery=helm")

    folder = copy / "apps/mlflow/overlays/prod"
    server, *_ = split(folder / "data/secret-provider-classes.yaml")
    (copied,) = server["spec"]["secretObjects"]
    patch = yaml.read((folder / "server/kustomization.yaml").read_text()).values["patches"][1]
    read = [
        operation["value"]["valuesKey"]
        for operation in yaml.read(patch["patch"]).values
        if operation["path"] == "/spec/valuesFrom/-"
    ]
    assert copied["secretName"] == "mlflow-secrets"
    assert [item["key"] for item in copied["data"]] == read
    *_, database = split(folder / "data/patches.yaml")
    classes = [
        volume["csi"]["volumeAttributes"]["secretProviderClass"]
        for volume in database["spec"]["template"]["spec"]["volumes"]
    ]
    assert classes == ["postgresql-secrets", server["metadata"]["name"]]


def split(file):
    return [yaml.read(text).values for _, text in yaml.split(file.read_text())]


def test_what_helm_uninstalls_with_outlives_the_release():
    """Flux prunes the release and does not wait until Helm has taken its pods away."""
    objects = split(ROOT / "apps/mlflow/helm/access.yaml")
    assert {item["kind"] for item in objects} == {"ServiceAccount", "Role", "RoleBinding"}
    for item in objects:
        kept = item["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"]
        assert kept == "disabled", item["kind"]
