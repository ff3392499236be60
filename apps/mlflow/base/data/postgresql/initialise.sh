# An empty disk -> a database of MLflow's own; a password file -> the password of role mlflow.
# Single-user mode needs no running server, no network and no second program. It reads one
# statement a line, and what comes in on standard input is in no argument list and no log.
set -eu

database() {
  postgres --single -D "$1" -c exit_on_error=on -c log_min_error_statement=panic postgres >/dev/null
}

fail() {
  echo "$1" >&2
  exit 1
}

[ -s /run/secrets/mlflow/database-password ] ||
  fail 'the secret database-password is missing or empty'
password=$(cat /run/secrets/mlflow/database-password)
case $password in *'
'*) fail 'the secret database-password has more than one line' ;; esac

if [ ! -d "$PGDATA" ]; then
  echo 'the disk is empty: creating the databases mlflow and mlflow_auth'
  # Complete or not there at all: what an interrupted start left is made anew.
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --auth=reject \
    --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --data-checksums >/dev/null
  database "$PGDATA.new" <<'SQL'
CREATE ROLE mlflow LOGIN
CREATE DATABASE mlflow OWNER mlflow
CREATE DATABASE mlflow_auth OWNER mlflow
SQL
  mv "$PGDATA.new" "$PGDATA"
fi

# Kubernetes may have opened it to the group when it took the disk over: PostgreSQL refuses that.
chmod 0700 "$PGDATA"

quoted=$(printf %s "$password" | sed "s/'/''/g")
# Where it was killed, postmaster.pid names process 1. PostgreSQL knows that for its own, old file if
# process 1 is its parent: so this shell starts it, and no pipe's subshell.
database "$PGDATA" <<SQL
ALTER ROLE mlflow PASSWORD '$quoted'
SQL
echo 'role mlflow has the password of the secret database-password'
