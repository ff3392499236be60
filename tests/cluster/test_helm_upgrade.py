"""MLflow 3 by one value: Flux upgrades the release to the newer chart, and the runs are there.

The chart is our own (tests/cluster/chart), or with MLFLOW_CHART the real one of both versions.
"""

from pathlib import Path

from tests.cluster import charts, delivery, published
from tests.cluster.rig import Cluster
from tests.cluster.rig.timeline import Timeline
from tests.cluster.test_helm import history, release

VERSIONS = ("0.17.2", "1.11.5")
IMAGES = (*published.ALL, published.MLFLOW_3)


def test_mlflow_3_comes_with_the_newer_chart_and_keeps_the_runs(
    tmp_path: Path, timeline: Timeline
) -> None:
    archives = [charts.packed(version, tmp_path) for version in VERSIONS]
    with Cluster(node=True, images=IMAGES) as cluster:
        dev = delivery.copy(cluster, "dev", changes=["apps.mlflow.delivery=helm"])
        served = charts.serve(cluster, *archives)
        dev.replace("apps/mlflow/helm/repository.yaml", charts.URL, served)
        delivery.first(dev)
        timeline.mark("MLflow 2 serves")
        tracking = dev.tracking()
        experiment = tracking.experiment("upgrade")
        old = tracking.log_run(experiment, 2.0)

        dev.set("apps.mlflow.image.tag=3.16.0")
        dev.wait(dev.push("MLflow 3"))
        timeline.mark("MLflow 3 serves")

        assert history(dev)[0] == (2, "deployed")
        deployed = [one["chartVersion"] for one in release(dev)["status"]["history"]]
        assert deployed == list(reversed(VERSIONS))
        tracking = dev.tracking()
        assert tracking.version().startswith("3.16.")
        new = tracking.log_run(experiment, 3.0)
        assert tracking.logged(experiment, old) == (2.0, 2.0)
        assert tracking.logged(experiment, new) == (3.0, 3.0)
