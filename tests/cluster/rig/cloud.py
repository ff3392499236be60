"""Services and claims -> load balancer addresses and disks, as a cloud would give them.

The part of a cloud that a cluster cannot do without. Run as a program:
python -m tests.cluster.rig.cloud KUBECONFIG DISKS ADDRESS...
"""

import http.client
import sys
import time
from pathlib import Path

from .client import Client, Object, Refused

_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONER = "volume.kubernetes.io/storage-provisioner"


def give_addresses(client: Client, addresses: list[str]) -> None:
    """Give each Service of type LoadBalancer that has none the first address that is free."""
    services = [
        service
        for service in client.objects("Service")
        if service["spec"].get("type") == "LoadBalancer"
    ]
    taken = {address for service in services for address in _addresses(service)}
    free = (address for address in addresses if address not in taken)
    for service in services:
        if not _addresses(service):
            status = {"status": {"loadBalancer": {"ingress": [{"ip": next(free)}]}}}
            meta = service["metadata"]
            client.patch(
                "Service", meta["name"], status, namespace=meta["namespace"], part="status"
            )


def give_disks(client: Client, folder: Path) -> None:
    """Make a disk, which is a folder here, for each claim that a scheduled pod waits for."""
    have = {volume["metadata"]["name"] for volume in client.objects("PersistentVolume")}
    for claim in client.objects("PersistentVolumeClaim"):
        annotations = claim["metadata"].get("annotations", {})
        name = f"pvc-{claim['metadata']['uid']}"
        if name not in have and {_NODE, _PROVISIONER} <= annotations.keys():
            storage_class = client.get("StorageClass", claim["spec"]["storageClassName"])
            if storage_class and not claim["spec"].get("volumeName"):
                disk = folder / name
                disk.mkdir(parents=True, exist_ok=True)
                client.apply(_volume(name, disk, claim, storage_class, annotations[_NODE]))


def _addresses(service: Object) -> list[str]:
    return [given["ip"] for given in service["status"]["loadBalancer"].get("ingress", [])]


def _volume(name: str, disk: Path, claim: Object, storage_class: Object, node: str) -> Object:
    hostname = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "accessModes": claim["spec"]["accessModes"],
            "storageClassName": storage_class["metadata"]["name"],
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": meta["name"],
                "namespace": meta["namespace"],
                "uid": meta["uid"],
            },
            "local": {"path": str(disk)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [hostname]}]}},
        },
    }


def main(kubeconfig: str, disks: str, *addresses: str) -> None:
    """Look for what is missing, again and again, until ended."""
    client = Client(Path(kubeconfig))
    while True:
        try:
            give_addresses(client, list(addresses))
            give_disks(client, Path(disks))
        except (OSError, http.client.HTTPException, Refused) as error:
            print(error, flush=True)  # an API server that restarts, an object that changed
        time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
