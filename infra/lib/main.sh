# shellcheck shell=bash
# An environment's script and its arguments -> the command that they ask for.

lib=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=quote.sh
. "$lib/quote.sh"
# shellcheck source=azure.sh
. "$lib/azure.sh"
# shellcheck source=resource.sh
. "$lib/resource.sh"
# shellcheck source=difference.sh
. "$lib/difference.sh"
# shellcheck source=write.sh
. "$lib/write.sh"
# shellcheck source=preflight.sh
. "$lib/preflight.sh"
# shellcheck source=destroy.sh
. "$lib/destroy.sh"
# shellcheck source=outputs.sh
. "$lib/outputs.sh"
# shellcheck source=commands.sh
. "$lib/commands.sh"
# shellcheck source=rotate.sh
. "$lib/rotate.sh"
# shellcheck source=subscription.sh
. "$lib/subscription.sh"
# shellcheck source=group.sh
. "$lib/group.sh"
# shellcheck source=storage.sh
. "$lib/storage.sh"
# shellcheck source=identity.sh
. "$lib/identity.sh"
# shellcheck source=role.sh
. "$lib/role.sh"
# shellcheck source=key_vault.sh
. "$lib/key_vault.sh"
# shellcheck source=aks.sh
. "$lib/aks.sh"
# shellcheck source=flux.sh
. "$lib/flux.sh"

usage() {
  cat <<USAGE
usage: $0 COMMAND

  plan [--check]            show what apply would do; with --check exit 3 if that is anything
  apply [--dry-run]         do it; with --dry-run print the az commands instead, without a login
  outputs [--json]          show what others need to know: addresses, ids
  rotate-secret NAME        give a secret in the key vault a new value; see gen secrets rotate
  destroy [--delete-data]   delete, resource by resource; keep what holds data unless told
  commands                  print every az command that changes something and can ever be run
  preflight                 check that this machine, the subscription and the region are ready

In plan: = same, + create, ~ change, ! impossible and why.
USAGE
}

main() { # command option, or the other way round
  case ${1:-} in
    -h | --help) ;;
    -*) set -- "${2:-}" "$1" "${@:3}" ;;
  esac
  local option=${2:-}
  case ${1:-} in
    plan) allow "$option" --check ;;
    apply) allow "$option" --dry-run ;;
    outputs) allow "$option" --json ;;
    destroy) allow "$option" --delete-data ;;
    preflight | commands) allow "$option" '' ;;
    rotate-secret) ;;
    -h | --help | help)
      usage
      exit
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  [ $# -le 2 ] || allow "$3" ''
  prepare
  "command_${1//-/_}" "$option"
}

allow() { # option allowed
  if [ -n "$1" ] && [ "$1" != "$2" ]; then
    printf 'unknown option %s\n' "$1" >&2
    usage >&2
    exit 2
  fi
}

# A private folder for answers, gone at the end; a log that stays.
prepare() {
  local logs=${XDG_STATE_HOME:-$HOME/.local/state}/mlflow-gitops
  umask 077
  mkdir -p "$logs"
  log_file=$logs/$environment.log
  work=$(mktemp -d)
  trap 'rm -rf "$work"; [ -z "$ticker" ] || kill "$ticker"' EXIT
  exec 3>&2 # where people look, whatever a part redirects
  trap 'printf "stopped; run it again and it goes on from here\n" >&3; exit 130' INT TERM
  dry_run='' tenant=$(unknown tenant) caller=$(unknown caller)
}

command_plan() { # option
  make_plan
  [ "$1" != --check ] || [ $((created + changed + impossible)) = 0 ] || exit 3
}

# Look at everything and say what differs. Stops where something cannot be read.
make_plan() {
  look
  run_phase compare
  printf '\n%s same, %s to create, %s to change' "$same" "$created" "$changed"
  [ "$impossible" = 0 ] || printf ', %s impossible' "$impossible"
  printf '\n'
  [ "$unreadable" = 0 ] || die "$unreadable cannot be read: is the Reader role missing?"
}

# Read everything that there is, and stop where the preconditions are not met.
look() {
  read_all
  stop_at_problems
}

read_all() {
  preflight_here
  run_phase gather
  preflight_ask
  run_reads
  preflight_judge
}

run_phase() { # phase
  phase=$1 declared=0
  resources
}

command_apply() { # option
  if [ "$1" = --dry-run ]; then
    dry_run=yes
    printf '%s\n' '# What a first apply runs, in order, as a shell reads it. A role that was just given may' \
      '# take minutes to act: repeat what is refused until then.' '' \
      'caller=$(az ad signed-in-user show --query id --output tsv)' \
      "tenant=\$(az account show --subscription $subscription --query tenantId --output tsv)"
    run_phase write
    return
  fi
  writing=yes
  make_plan
  [ "$impossible" = 0 ] ||
    die "$impossible cannot be changed in place, see ! above. Nothing was changed."
  log "apply: $created to create, $changed to change"
  run_phase write
  printf '\n'
  command_outputs ''
}

# What would stop an apply: what it needs, and what its plan calls impossible.
command_preflight() {
  local line
  writing=yes
  read_all
  run_phase compare >"$work/plan"
  while IFS= read -r line; do
    case $line in '! '* | '? '*) problems+=("$line") ;; esac
  done <"$work/plan"
  stop_at_problems
  printf 'ready\n'
}
