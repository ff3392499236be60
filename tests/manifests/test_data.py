"""What holds data outlives the cluster, the namespace's objects and a file that went."""

from generator import render

PRUNE = "kustomize.toolkit.fluxcd.io/prune"


def test_the_disk_outlives_its_cluster_and_can_grow(built):
    storage = built.one("StorageClass", "mlflow-data")
    assert storage["provisioner"] == "disk.csi.azure.com"
    assert storage["reclaimPolicy"] == "Retain"
    assert storage["allowVolumeExpansion"] is True
    assert storage["volumeBindingMode"] == "WaitForFirstConsumer"
    assert storage["parameters"]["resourceGroup"] == built.environment.azure.resource_group
    assert built.one("PersistentVolumeClaim", "postgresql-data")["spec"] == {
        "storageClassName": "mlflow-data",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": built.environment.apps.mlflow.database.storage}},
    }


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
    kept = {
        item.kind
        for item in built.objects
        if item.values["metadata"].get("annotations", {}).get(PRUNE) == "disabled"
    }
    assert kept == {"Namespace", "PersistentVolumeClaim"}


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
