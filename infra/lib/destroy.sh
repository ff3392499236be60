# shellcheck shell=bash
# An environment -> nothing, or only what holds its data.

command_destroy() { # option
  [ "$1" != --delete-data ] || delete_data=yes
  writing=yes
  look
  run_phase compare >"$work/plan"
  [ "$unreadable" = 0 ] || die "$(grep '^?' "$work/plan")" 'Nothing was deleted.'
  foretold=()
  run_phase foretell
  show_foretold
  confirm
  log "destroy $1"
  for ((turn = ${#foretold[@]}; turn > 0; turn--)); do
    [ -z "${foretold[turn]}" ] || run_phase remove
  done
}

# What becomes of each resource, the last one first.
show_foretold() {
  local line mark='='
  [ -z "$delete_data" ] || mark='-'
  find_disks
  for line in ${answer[@]+"${answer[@]}"}; do
    say "$mark disk $line"
  done
  for ((line = ${#foretold[@]}; line > 0; line--)); do
    case ${foretold[line]} in [-=]*) say "${foretold[line]}" ;; esac
  done
}

confirm() {
  local typed
  printf '\nThis deletes %s%s in subscription %s.\nType the name of the environment to go on: ' \
    "$environment" "${delete_data:+ AND ITS DATA}" "$subscription" >&2
  IFS= read -r typed || typed=''
  [ "$typed" = "$environment" ] || die '' "That is not $environment. Nothing was deleted."
}

# PostgreSQL's disk: Kubernetes made it in our group, so that it outlives the cluster.
find_disks() {
  ask "$(group_id)/providers/Microsoft.Compute/disks?api-version=2023-04-02" \
    "value[?tags.\"kubernetes.io-created-for-pvc-namespace\"=='mlflow'].name"
  read_one "$asked"
  answer_to "$asked"
}

destroy_disks() {
  local disk
  find_disks
  for disk in ${answer[@]+"${answer[@]}"}; do
    if [ -n "$delete_data" ]; then
      say "- disk $disk"
      write az disk delete --resource-group "$resource_group" --name "$disk" --yes
    else
      say "= disk $disk: kept, PostgreSQL's data is on it; for a new cluster to go on with it:"
      say "    gen set --env $environment apps.mlflow.database.disk=$disk"
    fi
  done
}

# A new cluster would silently start with an empty disk beside the one that holds the data.
disk_is_forgotten() {
  local disk
  find_disks
  case " ${answer[*]-} " in
    *" ${database_disk:-none} "* | '  ') ;;
    *)
      printf '%s' "PostgreSQL's data is on disk ${answer[*]}, which the new cluster would not use: " \
        "gen set --env $environment apps.mlflow.database.disk=${answer[0]}, then commit and push; " \
        "or, to start empty: az disk delete --resource-group $resource_group --name ${answer[0]}"
      return
      ;;
  esac
  [ -z "$database_disk" ] || [ ${#answer[@]} != 0 ] || printf '%s' \
    "disk $database_disk is not in $resource_group: gen set --env $environment " \
    '--unset apps.mlflow.database.disk, or correct it'
}
