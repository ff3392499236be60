"""Jobs run with the server's rights, and whoever asks may see all of them: none may run."""

import pytest

from tests.manifests.pods import Cluster
from tests.manifests.serving import SECRETS
from tests.permissions import world


@pytest.mark.parametrize("delivery", world.DELIVERIES)
def test_no_server_of_3_runs_jobs(delivery, tmp_path):
    """attacks_traces.py asks a running one. A setting decides, and each delivery writes its own."""
    objects = world.built(f"3.16-{delivery}", "NO_PERMISSIONS").objects
    pod = Cluster(tmp_path, objects, SECRETS).mlflow()
    for container in pod.spec["containers"]:
        assert pod.variables(container)["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
