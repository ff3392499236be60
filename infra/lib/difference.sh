# shellcheck shell=bash
# A declaration and an answer -> a verdict: = same, + create, ~ change, ! impossible, ? unreadable.

same=0 created=0 changed=0 impossible=0 unreadable=0

# Sets `verdict`, the places that differ, the reasons, and the outputs as far as they are known.
compare() {
  differing=() reasons=() verdict='=' state='' found=no
  [ -n "$dry_run" ] || answer_to "${readings[declared]}"
  [ -z "$list" ] || find_in_list
  case $found in
    yes) compare_properties ;;
    no) compare_absent ;;
    *) judge '?' "$(read_failure "${readings[declared]}")" ;;
  esac
  set_outputs
}

find_in_list() {
  local line
  [ "$found" = yes ] || return 0
  found=no
  for line in ${answer[@]+"${answer[@]}"}; do
    [ "$line" != "$item" ] || found=yes
  done
}

compare_absent() {
  local reason=''
  judge +
  if [ -n "$obstacle" ] && [ "$phase" = compare ]; then
    reason=$("$obstacle")
  fi
  [ -z "$reason" ] || judge '!' "$reason"
}

compare_properties() {
  local place
  for place in ${paths[@]+"${!paths[@]}"}; do
    matches "${answer[place]}" "${wanted[place]}" "${patterns[place]}" || differs "$place"
  done
  if [ -n "$state_path" ]; then
    state=${answer[${#paths[@]} + ${#outputs[@]}]}
    [ "$state" = Succeeded ] || judge '~' "$state -> Succeeded"
  fi
}

matches() { # actual wanted pattern
  [ "$1" = "$2" ] && return
  [ -n "$3" ] || return
  # shellcheck disable=SC2254 # a pattern is what it is
  case $1 in $3) return 0 ;; *) return 1 ;; esac
}

differs() { # place
  local place=$1 line reason=''
  line="$(label "${paths[place]}"): $(shown "${answer[place]}") -> $(shown "${wanted[place]}")"
  differing+=("$place")
  [ -z "${hindrances[place]}" ] ||
    reason=$("${hindrances[place]}" "${wanted[place]}" "${answer[place]}")
  [ -z "$reason" ] || judge '!' "$line ($reason)"
  case ${cures[place]} in
    never:*) judge '!' "$line (${cures[place]#never:})" ;;
    *) [ -n "$reason" ] || judge '~' "$line" ;;
  esac
}

# What people call a path: without what leads to it and the comparison behind.
label() { # path
  local text=${1#properties.}
  text=${text##*.postBuild.substitute.}
  text=${text%% *}
  printf '%s' "${text//$double/}"
}

shown() { # value
  case $1 in
    null) printf 'none' ;;
    *"$unknown_start"*) printf '(known after apply)' ;;
    *) printf '%s' "$1" ;;
  esac
}

# The gravest verdict stays.
judge() { # verdict reason...
  [ "$verdict" = '!' ] || verdict=$1
  shift
  reasons+=("$@")
}

set_outputs() {
  local place value
  for place in ${outputs[@]+"${!outputs[@]}"}; do
    value=$(unknown "${outputs[place]}")
    [ "$found" != yes ] || value=${answer[${#paths[@]} + place]}
    printf -v "${outputs[place]}" '%s' "$value"
  done
}

show() {
  local line="$verdict $kind $name" reason separator=': '
  for reason in ${reasons[@]+"${reasons[@]}"}; do
    line="$line$separator$reason"
    separator='; '
  done
  printf '%s\n' "$line"
  case $verdict in
    =) same=$((same + 1)) ;;
    +) created=$((created + 1)) ;;
    '~') changed=$((changed + 1)) ;;
    !) impossible=$((impossible + 1)) ;;
    *) unreadable=$((unreadable + 1)) ;;
  esac
}
