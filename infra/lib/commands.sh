# shellcheck shell=bash
# A declaration -> every az command that it can ever lead to, for people and checks to read.

command_commands() {
  dry_run=yes delete_data=yes
  {
    run_phase rehearse
    write az disk delete --resource-group "$resource_group" --name DISK --yes
    write az group delete --name "$resource_group" --yes
  } | awk '!shown[$0]++'
}

# Create it; change each property that can be changed, from on and from off; delete it.
rehearse() {
  local place
  found=no state=''
  set_outputs
  collect ${paths[@]+"${!paths[@]}"}
  run "${create[@]}"
  for place in ${paths[@]+"${!paths[@]}"}; do
    differing=("$place")
    case ${cures[place]} in
      never:*) ;;
      change | merge_tags) change_what_differs ;;
      *)
        answer[place]='[true,0]'
        change_what_differs
        answer[place]='[false,0]'
        change_what_differs
        ;;
    esac
  done
  [ ${#delete[@]} = 0 ] || "${delete[@]}"
  [ "$kind" != 'key vault' ] || rehearse_vault
}

rehearse_vault() {
  write az keyvault recover --resource-group "$resource_group" --name "$name" --location "$location"
  write az keyvault purge --name "$name" --location "$location"
}
