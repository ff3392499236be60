"""An older commit's tree, and an older MLflow, delivered -> today's, and nothing is lost."""

from tests.cluster import delivery, published
from tests.cluster.delivery import NAMESPACE, Delivery
from tests.cluster.pods import pods, restarts, victims
from tests.cluster.rig import Cluster, repository
from tests.cluster.rig.client import rolled_out
from tests.cluster.rig.programs import ROOT
from tests.cluster.rig.timeline import Timeline
from tests.cluster.rig.waiting import wait_for
from tests.cluster.test_serving import clients
from tests.trees import reserved

# A cluster needs what these two brought; the history of a repository made of a template is short.
FIRST_NEEDED = ("clusters/dev/mlflow-server.yaml", "generator/cli/secrets/__init__.py")
STAYS = [
    ("Namespace", NAMESPACE),
    ("PersistentVolumeClaim", "postgresql-data"),
    ("Secret", "mlflow-secrets"),
    ("StatefulSet", "postgresql"),
    ("Deployment", "mlflow"),
    ("Service", "mlflow"),
    ("Service", "postgresql"),
]


def test_todays_tree_takes_over_what_an_older_one_made(timeline: Timeline) -> None:
    with Cluster(node=True, images=published.ALL) as cluster:
        dev = delivery.first(delivery.copy(cluster, "dev", oldest()))
        timeline.mark("the older tree serves")
        before, tracking = uids(dev), dev.tracking()
        experiment = tracking.experiment("upgrade")
        run = tracking.log_run(experiment, 3.0)

        dev.take_over()
        timeline.mark("today's tree is pushed")
        dev.wait(dev.push("Today's tree"))
        timeline.mark("today's tree serves")
        cluster.client.wait_for(
            "Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=120
        )
        assert uids(dev) == before
        assert tracking.logged(experiment, run) == (3.0, 3.0)


def test_mlflow_3_takes_over_from_mlflow_2_and_no_request_fails(timeline: Timeline) -> None:
    """Not even while the migration fails: the old server serves until there is a new one."""
    with Cluster(node=True, images=(*published.ALL, published.MLFLOW_3)) as cluster:
        dev = delivery.first(delivery.copy(cluster, "dev"))
        timeline.mark("MLflow 2 serves")
        tracking = dev.tracking()
        experiment = tracking.experiment("upgrade")
        before = pods(dev)
        psql(dev, "CREATE TABLE jobs (nothing int)")  # in the way of a later step of the migration
        with clients(tracking, experiment) as logged:
            dev.set("apps.mlflow.image.tag=3.16.0")
            revision = dev.push("MLflow 3")
            wait_for("failed migration", lambda: any(restarts(dev).values()), seconds=240)
            timeline.mark(f"the migration has failed, {len(logged)} runs logged meanwhile")
            assert before < pods(dev)
            psql(dev, "DROP TABLE jobs")
            dev.wait(revision)
            cluster.client.wait_for(
                "Deployment", "mlflow", rolled_out, namespace=NAMESPACE, seconds=240
            )
            timeline.mark(f"MLflow 3 serves, {len(logged)} runs logged meanwhile")
            wait_for("end of the old pod", lambda: not before & pods(dev), seconds=120)
            count = len(logged)
            wait_for("a run of MLflow 3's", lambda: len(logged) > count)
        assert victims(dev, "uvicorn")
        assert [tracking.logged(experiment, run) for run, _ in logged] == [
            (value, value) for _, value in logged
        ]


def psql(dev: Delivery, statement: str) -> None:
    """Run a statement in the database of runs."""
    command = ("psql", "--set=ON_ERROR_STOP=1", "--username=postgres", "mlflow")
    where = ("exec", "--stdin", f"--namespace={NAMESPACE}", "postgresql-0")
    dev.by_hand(*where, "--container=postgresql", "--", *command, value=statement)


def oldest() -> str:
    """The oldest commit that can be delivered: Flux does not check out every path."""
    added = ["log", "-1", "--diff-filter=A", "--format=%H", "--", *FIRST_NEEDED]
    first = repository.git(ROOT, *added)
    later = repository.git(ROOT, "rev-list", "--reverse", f"{first}..HEAD").split()
    return next(commit for commit in (first, *later) if not reserved(paths(commit)))


def paths(commit: str) -> list[str]:
    return repository.git(ROOT, "ls-tree", "-r", "--name-only", commit).splitlines()


def uids(dev: Delivery) -> dict[tuple[str, str], str]:
    """What holds data or serves; an object that was made again has another uid."""
    client = dev.cluster.client
    found = {one: client.get(*one, namespace=NAMESPACE) for one in STAYS}
    return {one: object_["metadata"]["uid"] for one, object_ in found.items() if object_}
