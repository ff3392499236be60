# shellcheck shell=bash
# The resource group, and where in it a resource's id lies.

readonly group_version=2025-04-01

group_id() {
  printf '%s/resourceGroups/%s' "$subscription_scope" "$resource_group"
}

id_of() { # type name
  printf '%s/providers/%s/%s' "$(group_id)" "$1" "$2"
}

resource_group() {
  group_scope=$(group_id)
  resource 'resource group' "$resource_group" "$(group_id)" "$group_version"
  property location "$location" --location "$location"
  never 'a group cannot move'
  tagged
  on_create write az group create --name "$resource_group"
  on_leftover delete_empty_group
  settle
}

# A group goes only when nothing is left in it, whoever put it there.
delete_empty_group() {
  local contents="$(group_id)/resources?api-version=$group_version"
  ask "$contents" 'value[].id'
  read_one "$asked"
  answer_to "$asked"
  [ "$found" = yes ] || return 0
  if [ ${#answer[@]} = 0 ]; then
    say "- resource group $resource_group"
    write az group delete --name "$resource_group" --yes
  else
    say "= resource group $resource_group: kept, it still holds ${answer[*]##*/providers/}"
  fi
}
