"""What stands in the built prod overlay really runs: PostgreSQL, then MLflow, as processes."""

from pathlib import Path

import pytest

from tests.manifests import cases
from tests.manifests.pods import Cluster

SECRETS = {
    "database-password": "it's 100% a \\ password",
    "admin-password": "%d of 'twelve' or more",
    "flask-secret-key": "k" * 64,
    "storage-connection-string": "UseDevelopmentStorage=true",
}

# The first run on a machine installs MLflow and PostgreSQL.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path, cases.case("prod").objects, SECRETS)
    with cluster.network():
        yield cluster


def test_the_server_starts_asks_for_a_password_hides_its_secrets_and_ends_when_told(cluster):
    with (
        cluster.pod("postgresql", "StatefulSet", "postgresql").running() as postgresql,
        cluster.pod("mlflow", "Deployment", "mlflow").running() as mlflow,
    ):
        assert mlflow.get("/health") == 200
        assert mlflow.get("/") == 401
        environ = Path(f"/proc/{mlflow.first}/environ").read_text()
        assert "PGUSER" in environ
        said = mlflow.log.read_text() + postgresql.log.read_text()
        assert not [secret for secret in SECRETS.values() if secret in environ + said]
