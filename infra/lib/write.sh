# shellcheck shell=bash
# A verdict -> the writes that make it "same", and the deletions that undo it.

: "${poll_seconds:=10}"
turn=0         # in phase remove: the number of the resource to delete; in rotate: a secret's name
delete_data='' # in phase remove: whether data goes too

bring_about() {
  case $state in '' | Succeeded | Failed | Canceled) ;; *) await ;; esac
  case $verdict in
    =) return 0 ;;
    +)
      tell "+ $kind $name"
      collect ${paths[@]+"${!paths[@]}"}
      run "${create[@]}"
      ;;
    '~')
      tell "~ $kind $name: ${reasons[*]}"
      change_what_differs
      ;;
    *) die "$verdict $kind $name: ${reasons[*]}" 'It changed since it was planned. Run plan again.' ;;
  esac
  await
  case $state in
    Failed | Canceled) die "$kind $name ended as $state; see: $(shell_words az rest --url "$address")" ;;
  esac
}

told=0

# How far apply is; a dry run's commands get a heading.
tell() { # line
  told=$((told + 1))
  if [ -n "$dry_run" ]; then
    printf '\n# %s\n' "${1#+ }"
  else
    say "$told/$((created + changed)) $1"
  fi
}

say() { # line
  [ -n "$dry_run" ] || printf '%s\n' "$1" >&2
}

change_what_differs() {
  local place plain='' together=() cured=''
  case $state in Failed | Canceled) plain=yes ;; esac
  for place in ${differing[@]+"${differing[@]}"}; do
    case ${cures[place]} in
      change) plain=yes together+=("$place") ;;
      merge_tags) together+=("$place") ;;
      "$cured") ;; # it cures several
      *)
        cured=${cures[place]}
        "$cured" "${wanted[place]}" "${answer[place]}"
        ;;
    esac
  done
  collect ${together[@]+"${together[@]}"}
  merge_tags
  tag_words=()
  [ -z "$plain" ] || run "${change[@]}"
}

# Add tags to those that others put there.
merge_tags() {
  [ ${#tag_words[@]} = 0 ] ||
    write az tag update --resource-id "$id" --operation Merge --tags "${tag_words[@]}"
}

# Sort what the properties at these places add to a command into `flags` and `tag_words`.
collect() { # place...
  local place
  flags=() tag_words=()
  for place in "$@"; do
    case ${cures[place]} in
      merge_tags) tag_words+=("${words[@]:first[place]:count[place]}") ;;
      *) flags+=(${words[@]+"${words[@]:first[place]:count[place]}"}) ;;
    esac
  done
}

run() { # command...
  "$@" ${flags[@]+"${flags[@]}"} ${tag_words[@]+--tags "${tag_words[@]}"}
}

# What az has no command for.
put() { # body
  write az rest --method put --url "$address" --body "$1"
  wait_by_hand
}

# apply waits by itself; who runs what a dry run prints needs a command for it.
wait_by_hand() {
  [ -z "$dry_run" ] || shell_words az resource wait --created --ids "$id" \
    --api-version "${address#*api-version=}" --subscription "$subscription"
}

patch() { # body
  write az rest --method patch --url "$address" --body "$1"
}

# Read the resource again until Azure is done with it, and compare anew.
await() {
  local start=$SECONDS
  if [ -n "$dry_run" ]; then
    print_outputs
    return
  fi
  [ -n "$state_path" ] || [ ${#outputs[@]} != 0 ] || return 0
  while :; do
    read_one "${readings[declared]}"
    compare
    case $found$state in
      yes | yesSucceeded | yesFailed | yesCanceled) return ;;
    esac
    [ $((SECONDS - start)) -lt "$patience_seconds" ] ||
      die "$kind $name is $state for $patience_seconds s; see: az rest --url '$address'"
    sleep "$poll_seconds"
  done
}

# With --dry-run: how a person gets at the outputs that the commands below need.
print_outputs() {
  local place
  for place in ${outputs[@]+"${!outputs[@]}"}; do
    printf '%s=$(%s)\n' "${outputs[place]}" "$(shell_words az rest --method get --url "$address" \
      --query "${output_paths[place]}" --output tsv)"
  done
}

# --- Deleting ---------------------------------------------------------------------------------

# Sets `fate` to - (deleted), = (kept for its data), or nothing.
decide_fate() {
  fate=''
  answer_to "${readings[declared]}"
  [ -z "$list" ] || find_in_list
  [ "$found" != no ] || return 0
  if [ -n "$data" ] && [ -z "$delete_data" ]; then
    fate='='
  elif [ ${#delete[@]} != 0 ]; then
    fate='-'
  fi
}

# Sets foretold[declared]; nothing where destroying has nothing to do.
foretell() {
  decide_fate
  foretold[declared]=${leftover:+ }
  [ -z "$fate" ] || foretold[declared]="$fate $kind $name"
}

remove() {
  decide_fate
  case $fate in
    =) say "= $kind $name: kept" ;;
    -)
      say "- $kind $name"
      "${delete[@]}"
      ;;
  esac
  [ "$fate" = '=' ] || [ -z "$leftover" ] || "$leftover"
}
