"""Both providers bring the same files to the same paths, and each workload its own ones alone."""

from generator import yaml
from generator.secrets import table
from tests.manifests import cases

KEY_VAULT = cases.case("golden/key-vault")
SOPS = cases.case("golden/sops")


def mounted(built, workload):
    """The secret files of a workload's pod, by path, and where each container sees them."""
    mounts = [
        mount
        for name, container in built.containers()
        if name.startswith(f"{workload}/")
        for mount in container["volumeMounts"]
    ]
    seen = {mount["name"] for mount in mounts}
    volumes = built.pods[workload].spec["volumes"]
    (volume,) = [v for v in volumes if {"csi", "secret"} & v.keys() and v["name"] in seen]
    places = {
        (mount["mountPath"], mount.get("readOnly"))
        for mount in mounts
        if mount["name"] == volume["name"]
    }
    return files(built, volume), places


def files(built, volume):
    """The name of each file and what it is called where it comes from."""
    if "secret" in volume:
        return {item["path"]: item["key"] for item in volume["secret"]["items"]}
    csi = volume["csi"]
    assert csi["driver"] == "secrets-store.csi.k8s.io"
    assert csi["readOnly"] is True
    provided = built.one("SecretProviderClass", csi["volumeAttributes"]["secretProviderClass"])
    array = yaml.read(provided["spec"]["parameters"]["objects"]).values["array"]
    objects = [yaml.read(text).values for text in array]
    assert {entry["objectType"] for entry in objects} == {"secret"}
    return {entry.get("objectAlias", entry["objectName"]): entry["objectName"] for entry in objects}


def test_each_workload_mounts_what_the_table_says(built):
    for workload in built.pods:
        names = {secret.name for secret in table.needed(built.environment, workload)}
        assert mounted(built, workload) == ({n: n for n in names}, {(table.FOLDER, True)})


def test_postgresql_sees_its_password_alone_and_no_server_sees_more_than_it_starts_with(built):
    assert list(mounted(built, "postgresql")[0]) == ["database-password"]
    server = dict(built.containers())["postgresql/postgresql"]  # it has set the password before
    assert table.FOLDER not in {mount["mountPath"] for mount in server["volumeMounts"]}


def test_both_providers_bring_the_same_files_to_the_same_places():
    for workload in KEY_VAULT.pods:
        assert mounted(KEY_VAULT, workload) == mounted(SOPS, workload)


def test_the_vault_is_opened_as_the_environment_s_identity(built):
    for provided in built.of("SecretProviderClass"):
        parameters = provided["spec"]["parameters"]
        assert parameters["keyvaultName"] == built.environment.secrets.key_vault
        assert parameters["clientID"] == "${azure_client_id}"
        assert parameters["tenantId"] == "${azure_tenant_id}"
        assert parameters["usePodIdentity"] == "false"
        assert "useVMManagedIdentity" not in parameters
    vault = built.environment.secrets.provider == "key-vault"
    assert len(built.of("SecretProviderClass")) == (len(built.pods) if vault else 0)


def test_no_secret_is_in_an_environment_variable_or_a_config_map(built):
    """But for a chart's: it makes Secrets of what it is given, and its server's environment."""
    names = {secret.name.replace("-", "_").upper() for secret in table.TABLE}
    for name, container in built.containers():
        sources = {key for entry in container.get("envFrom", ()) for key in entry}
        assert "secretRef" not in sources or (built.released and name == "mlflow/mlflow")
        for entry in container.get("env", ()):
            assert "valueFrom" not in entry, name
            assert entry["name"] not in names | {"PGPASSWORD"}, name
    assert not [item for item in built.applied if item.kind == "Secret"]
