"""What the published images are like -> the same, made here, under the names of the manifests.

| | postgres:17 | burakince/mlflow:2.22.0 | burakince/mlflow:3.16.0 |
| --- | --- | --- | --- |
| base | Debian trixie | Debian bookworm, with Python 3.12 | Debian trixie, with Python 3.13 |
| user | root; postgres is 999 | root | mlflow, 1001 |
| programs | /usr/lib/postgresql/17/bin | /mlflow/.venv/bin | /opt/venv/bin |
| working folder | / | /mlflow | /mlflow |
| data | /var/lib/postgresql/data, mode 1777 | | |
| stop signal | SIGINT: fast shutdown | SIGTERM | SIGTERM |
| command | docker-entrypoint.sh postgres | mlflow server, on SQLite | the same |

Read from their Dockerfiles: docker-library/postgres 17/trixie and burakince/mlflow at the tags
2.22.0 and, for want of 3.16.0's, 3.15.1.

What differs here: PostgreSQL is Debian's build of the same major version, not that of
PostgreSQL's own repository; Python is Debian's, 3.11 and 3.13; MLflow's images hold what
tools/mlflow and tools/mlflow-3 pin, which is 3.16.1, and none of the further packages (boto3,
pymysql, ldap3, google-cloud-storage).
docker-entrypoint.sh and MLflow's default command are not made: our manifests name their own
commands, and a test holds them to it.
"""

from .rig.images import Image
from .rig.programs import ROOT

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

POSTGRESQL = Image(
    name="postgres:17.11",
    suite="trixie",
    packages=("libnss-wrapper", "locales", "postgresql-17", "xz-utils", "zstd"),
    script="""
usermod --uid 999 postgres
groupmod --gid 999 postgres
install --directory --owner postgres --group postgres --mode 1777 /var/lib/postgresql
install --directory --owner postgres --group postgres --mode 1777 /var/lib/postgresql/data
install --directory --owner postgres --group postgres --mode 3777 /var/run/postgresql
mkdir -p /docker-entrypoint-initdb.d
echo 'en_US.UTF-8 UTF-8' >> /etc/locale.gen
locale-gen > /dev/null
""",
    config={
        "Env": [
            f"PATH={_SYSTEM_PATH}:/usr/lib/postgresql/17/bin",
            "LANG=en_US.utf8",
            "PG_MAJOR=17",
            "PGDATA=/var/lib/postgresql/data",
        ],
        "ExposedPorts": {"5432/tcp": {}},
        "Volumes": {"/var/lib/postgresql/data": {}},
        "StopSignal": "SIGINT",
    },
)

MLFLOW = Image(
    name="burakince/mlflow:2.22.0",
    suite="bookworm",
    packages=("ca-certificates", "python3", "python3-venv"),
    files={"/tmp/requirements.txt": ROOT / "tools/mlflow/requirements.txt"},
    script="""
python3 -m venv /mlflow/.venv
/mlflow/.venv/bin/pip install --quiet --no-deps --no-cache-dir --disable-pip-version-check \\
  --require-hashes --requirement /tmp/requirements.txt
rm /tmp/requirements.txt
""",
    config={
        "Env": [
            f"PATH=/mlflow/.venv/bin:/usr/local/bin:{_SYSTEM_PATH}",
            "LANG=C.UTF-8",
            "PYTHONUNBUFFERED=1",
        ],
        "WorkingDir": "/mlflow",
    },
)

MLFLOW_3 = Image(
    name="burakince/mlflow:3.16.0",
    suite="trixie",
    packages=("ca-certificates", "python3", "python3-venv"),
    files={"/tmp/requirements.txt": ROOT / "tools/mlflow-3/requirements.txt"},
    script="""
groupadd --system --gid 1001 mlflow
useradd --system --uid 1001 --gid mlflow --create-home --home-dir /home/mlflow mlflow
install --directory --owner mlflow --group mlflow /mlflow
python3 -m venv /opt/venv
/opt/venv/bin/pip install --quiet --no-deps --no-cache-dir --disable-pip-version-check \\
  --require-hashes --requirement /tmp/requirements.txt
chown --recursive mlflow:mlflow /opt/venv
rm /tmp/requirements.txt
""",
    config={
        "User": "mlflow",
        "Env": [f"PATH=/opt/venv/bin:/usr/local/bin:{_SYSTEM_PATH}", "PYTHONUNBUFFERED=1"],
        "WorkingDir": "/mlflow",
        "ExposedPorts": {"5000/tcp": {}},
    },
)

ALL = (POSTGRESQL, MLFLOW)
