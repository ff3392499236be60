# databases.sh dump: both databases -> a dump of each in /backup.
# databases.sh restore: the dumps in /backup -> both databases, each of them whole or not at all.
set -eu

fail() {
  echo "$1" >&2
  exit 1
}

# The password goes into a file that only this user reads: no argument list and no /proc shows it.
log_in() {
  umask 077
  [ -s /run/secrets/mlflow/database-password ] ||
    fail 'the secret database-password is missing or empty'
  password=$(cat /run/secrets/mlflow/database-password)
  printf '*:*:*:*:%s\n' "$(printf %s "$password" | sed 's/[\\:]/\\&/g')" >"$PGPASSFILE"
}

# Users come first. Each dump is of one moment, and what users may do then names no experiment that
# the second dump lacks: its number would go to somebody else's after a restore.
dump() {
  date -u +%Y%m%dT%H%M%SZ >/backup/time
  for database in mlflow_auth mlflow; do
    pg_dump --no-password --format=custom --lock-wait-timeout=5min \
      --file="/backup/$database.dump" "$database"
    pg_restore --list "/backup/$database.dump" >/dev/null
  done
}

restore() {
  for database in mlflow_auth mlflow; do
    refuse_unless_free "$database"
  done
  for database in mlflow_auth mlflow; do
    replace "$database"
  done
}

refuse_unless_free() { # database
  others=$(ask "$1" --command="SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
    AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()")
  [ "$others" = 0 ] ||
    fail "MLflow still uses the database $1 ($others connections): stop it first (docs/backup.md)"
  tables=$(ask "$1" --command="SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
  [ "$tables" = 0 ] || [ "$REPLACE" = yes ] ||
    fail "the database $1 is not empty ($tables tables): --replace gives up what it holds"
}

# One transaction: what fails leaves the database as it was. A newer MLflow's tables go too. The
# lock is that of MLflow's init container: a pod that starts meanwhile waits.
replace() { # database
  {
    echo 'BEGIN; SELECT pg_advisory_xact_lock(20251201); DROP OWNED BY CURRENT_USER;'
    pg_restore --no-owner --no-privileges --file=- "/backup/$1.dump" &&
      printf 'COMMIT;\n\\echo restored\n'
  } | ask "$1" | grep -qx restored || fail "the database $1 is as it was: nothing was restored"
  echo "the database $1 is what the backup holds"
}

ask() { # database option...
  psql --no-password --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --dbname="$@"
}

log_in
"$1"
