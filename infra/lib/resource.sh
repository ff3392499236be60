# shellcheck shell=bash
# A resource's declaration: what it is called, what it must be, how to make it so.
#
# An environment's `resources` function declares its resources in order of dependency. It is called
# once for each phase, and `settle`, which ends every declaration, does what the phase is for:
#   gather   asks for the resource, so that all reads can run side by side
#   compare  says what differs
#   write    writes what differs
#   foretell notes what destroying does to it
#   remove   deletes the one resource whose turn it is
#   rotate   gives the one secret whose turn it is a new value
#   rehearse prints every command that the phases above can run

phase=''
declared=0  # resources so far in this phase
readings=() # each resource's question

resource() { # kind name id api-version
  kind=$1 name=$2 id=$3 address="$3?api-version=$4"
  paths=() wanted=() first=() count=() words=() cures=() patterns=() hindrances=()
  outputs=() output_paths=() list='' item='' state_path=''
  create=() change=() delete=() leftover='' obstacle='' data=''
}

# The resource is there if `path` of what is at `address` is a list that holds `item`.
listed() { # address path item
  address=$1 list=$2 item=$3
}

# `path` (JMESPath) must be `value`; `word`s set it in the commands that create and change.
property() { # path value word...
  local place=${#paths[@]}
  paths[place]=$1 wanted[place]=$2 cures[place]=change patterns[place]='' hindrances[place]=''
  shift 2
  first[place]=${#words[@]} count[place]=$#
  words+=("$@")
}

# The property above cannot change, because of `reason`.
never() { # reason
  cures[${#paths[@]} - 1]="never:$1"
}

# The property above is changed by `function`, which gets the wanted and the actual value.
changed_by() { # function
  cures[${#paths[@]} - 1]=$1
}

# `function` gets the wanted and the actual value and says why the property above cannot change so.
hindered_by() { # function
  hindrances[${#paths[@]} - 1]=$1
}

# The property above may also be what `pattern` (as in `case`) matches.
or_like() { # pattern
  patterns[${#paths[@]} - 1]=$1
}

# The environment's tags. Others may have put more there: those stay.
tagged() {
  local tag
  for tag in ${tags[@]+"${tags[@]}"}; do
    property "tags.$(json_string "${tag%%=*}")" "${tag#*=}" "$tag"
    changed_by merge_tags
  done
}

# A write may be answered before it is done; `path` says whether it is.
settles_at() { # path
  state_path=$1
}

# `path` becomes the variable `variable`, for the declarations below, once the resource is there.
output() { # variable path
  outputs+=("$1")
  output_paths+=("$2")
}

on_create() { create=("$@"); }
on_change() { change=("$@"); }
on_destroy() { delete=("$@"); }
# A function that clears away what a deleted resource leaves behind.
on_leftover() { leftover=$1; }
# A function that says why the resource, which is not there, cannot be created.
unless() { obstacle=$1; }
# Deleted by `destroy --delete-data` only.
holds_data() { data=yes; }

settle() {
  declared=$((declared + 1))
  case $phase in
    gather)
      ask "$address" "$(query)"
      readings[declared]=$asked found=no
      set_outputs
      ;;
    compare)
      compare
      show
      ;;
    write)
      compare
      bring_about
      ;;
    foretell) foretell ;;
    remove) [ "$declared" != "$turn" ] || remove ;;
    rotate) rotate ;;
    rehearse) rehearse ;;
  esac
}

# The answer's lines: each property, each output, the state; or the items of a list.
query() {
  local path text=''
  for path in ${paths[@]+"${paths[@]}"} ${output_paths[@]+"${output_paths[@]}"} \
    ${state_path:+"$state_path"}; do
    text="$text, to_string($path)"
  done
  printf '%s' "${list:-[${text#, }]}"
}
