"""What holds data outlives the cluster, the namespace's objects and a file that went."""

from generator import render
from tests.manifests import cases
from tests.trees import MINIMAL

PRUNE = "kustomize.toolkit.fluxcd.io/prune"


def test_the_disk_outlives_its_cluster_and_can_grow(built):
    storage = built.one("StorageClass", "mlflow-data")
    assert storage["provisioner"] == "disk.csi.azure.com"
    assert storage["reclaimPolicy"] == "Retain"
    assert storage["allowVolumeExpansion"] is True
    assert storage["volumeBindingMode"] == "WaitForFirstConsumer"
    assert storage["parameters"]["resourceGroup"] == built.environment.azure.resource_group
    database = built.environment.apps.mlflow.database
    named = {"volumeName": "postgresql-data"} if database.disk else {}
    assert built.one("PersistentVolumeClaim", "postgresql-data")["spec"] == named | {
        "storageClassName": "mlflow-data",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": database.storage}},
    }


def test_a_kept_disk_is_the_only_one_that_the_claim_takes():
    built = cases.build(MINIMAL + "    database: {disk: pvc-1, storage: 16Gi}\n")
    volume = built.one("PersistentVolume", "postgresql-data")
    claim = built.one("PersistentVolumeClaim", "postgresql-data")
    assert volume["spec"]["csi"]["volumeHandle"] == (
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mlflow-test"
        "/providers/Microsoft.Compute/disks/pvc-1"
    )
    assert volume["spec"]["claimRef"] == {"namespace": "mlflow", "name": "postgresql-data"}
    assert "namespace" not in volume["metadata"]
    assert claim["spec"]["volumeName"] == "postgresql-data"
    for field in ("storageClassName", "accessModes"):
        assert volume["spec"][field] == claim["spec"][field]
    assert volume["spec"]["capacity"] == claim["spec"]["resources"]["requests"]
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["metadata"]["annotations"][PRUNE] == "disabled"


def test_the_claim_is_an_object_of_its_own_beside_the_pod_that_binds_it(built):
    """A template of the StatefulSet could not grow, and a lone claim would wait for ever."""
    database = built.one("StatefulSet", "postgresql")
    assert "volumeClaimTemplates" not in database["spec"]
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in built.pods["postgresql"].spec["volumes"]
        if "persistentVolumeClaim" in volume
    ]
    assert claims == ["postgresql-data"]
    together = {(item.kind, item.name) for item in built.data}
    assert {("PersistentVolumeClaim", "postgresql-data"), ("StatefulSet", "postgresql")} <= together


def test_flux_never_prunes_data(built):
    """Nor, with a chart, the rights that Helm uninstalls with: they must outlive the release."""
    mlflow = built.environment.apps.mlflow
    kept = {
        item.kind
        for item in built.objects
        if item.values["metadata"].get("annotations", {}).get(PRUNE) == "disabled"
    }
    named = {"PersistentVolume"} if mlflow.database.disk else set()
    rights = {"ServiceAccount", "Role", "RoleBinding"} if mlflow.delivery == "helm" else set()
    assert kept == {"Namespace", "PersistentVolumeClaim", *named, *rights}


def test_flux_fills_in_two_ids_where_it_is_told_to_and_finds_nothing_else(built):
    """Also in scripts: Flux would replace ${anything} there too."""
    for part, objects in (("data", built.data), ("server", built.server)):
        found = {word.partition("}")[0] for item in objects for word in item.text.split("${")[1:]}
        assert found in (set(), {"azure_client_id", "azure_tenant_id"})
        assert "$$" not in "".join(item.text for item in objects)  # would become one
        (flux,) = [
            file.text
            for file in render.clusters.files(built.environment)
            if file.path.name == f"mlflow-{part}.yaml"
        ]
        assert ("substituteFrom" in flux) == bool(found)
