# shellcheck shell=bash
# What Azure is asked and told: every run of az is in this file.

# Seconds before the first new try; each further one waits twice as long, up to a minute.
: "${retry_seconds:=5}"
# How long a role may take to act (Azure's documentation: up to half an hour).
: "${patience_seconds:=1800}"
: "${progress_seconds:=30}"
readonly readers=8 # at a time: az is mostly waiting for Azure

die() { # message...
  printf '%s\n' "$@" >&2
  exit 1
}

# --- Reads: URLs and queries -> answers, several side by side ---------------------------------

read_urls=()
read_queries=()
reads_done=0

# Ask for the JMESPath `query` of what is at `url`; the same question is asked once.
# Sets `asked` to the question's number.
ask() { # url query
  for ((asked = 0; asked < ${#read_urls[@]}; asked++)); do
    [ "${read_urls[asked]}" = "$1" ] && [ "${read_queries[asked]}" = "$2" ] && return 0
  done
  read_urls[asked]=$1
  read_queries[asked]=$2
}

# Get an answer to every question that has none yet.
run_reads() {
  local first=$reads_done last=${#read_urls[@]} worker
  for ((worker = 0; worker < readers && first + worker < last; worker++)); do
    (
      for ((number = first + worker; number < last; number += readers)); do
        read_one "$number"
      done
    ) &
  done
  wait
  reads_done=$last
}

# Leaves read.N (found), missing.N, or failed.N (with the reason) in $work.
read_one() { # number
  local number=$1 try
  rm -f "$work/missing.$number" "$work/failed.$number"
  for try in 1 2 3 4; do
    if az rest --method get --url "${read_urls[number]}" --query "${read_queries[number]}" \
      --output tsv --only-show-errors >"$work/read.$number" 2>"$work/failed.$number"; then
      rm -f "$work/failed.$number"
      return
    fi
    case $(<"$work/failed.$number") in
      *'Not Found('*)
        mv "$work/failed.$number" "$work/missing.$number"
        return
        ;;
      *'Too Many Requests('* | *'Internal Server Error('* | *'Bad Gateway('* | \
        *'Service Unavailable('* | *'Gateway Timeout('* | *'Connection aborted'* | \
        *'Max retries exceeded'*)
        [ "$try" = 4 ] || pause "$try"
        ;;
      *) return ;;
    esac
  done
}

# Set `answer` to the lines of an answer, and `found` to yes, no (absent) or unreadable.
answer_to() { # number
  local line
  answer=()
  if [ -e "$work/missing.$1" ]; then
    found=no
  elif [ -e "$work/failed.$1" ]; then
    found=unreadable
  else
    found=yes
    while IFS= read -r line || [ -n "$line" ]; do
      answer[${#answer[@]}]=$line
    done <"$work/read.$1"
  fi
}

# Print why a read failed, in one line.
read_failure() { # number
  tr '\n' ' ' <"$work/failed.$1" | cut -c 1-300
}

pause() { # try
  local seconds=$retry_seconds try
  for ((try = 1; try < $1; try++)); do
    [ "$try" -lt 5 ] && seconds=$(awk "BEGIN { print $seconds * 2 }")
  done
  sleep "$seconds"
}

# --- Writes: one at a time, logged, tried again only where waiting is the cure -----------------

# Run one az command that changes something. With --dry-run print it instead.
write() { # az argument...
  write_from '' "$@"
}

# The same with standard input from a pipeline of shell text: the one way for a secret to reach az,
# since arguments and the environment are there for every process to read.
write_from() { # pipeline az argument...
  local source=$1 tries=0
  shift
  [ "$2" = rest ] || set -- "$@" --subscription "$subscription"
  if [ -n "$dry_run" ]; then
    printf '%s%s\n' "${source:+$source | }" "$(shell_words "$@")"
    return
  fi
  log "$(shell_words "$@")"
  set -- "$@" --output none --only-show-errors
  SECONDS=0
  until attempt "$source" "$@"; do
    tries=$((tries + 1))
    wait_or_stop "$tries" "$@"
  done
  log "done in $SECONDS s"
}

ticker='' # the process that shows progress, while there is one

attempt() { # pipeline az argument...
  local source=$1 status=0 value
  shift
  tick "$@" &
  ticker=$!
  if [ -z "$source" ]; then
    "$@" </dev/null >/dev/null 2>"$work/error" || status=$?
  elif value=$(bash -c "$source" 2>"$work/error") && [ -n "$value" ]; then
    printf '%s' "$value" | "$@" >/dev/null 2>"$work/error" || status=$?
  else
    status=1
  fi
  kill "$ticker" && wait "$ticker" || true
  ticker=''
  return "$status"
} 2>>"$work/ticker"

# Show that a long operation goes on.
tick() { # az argument...
  trap 'kill $!; exit' TERM
  while kill -0 $$; do
    sleep "$progress_seconds" &
    wait $!
    printf '  ... az %s %s, %s s\n' "$2" "$3" "$SECONDS" >&3
  done
}

# After a failed attempt: wait if the error is one that passes by itself, else stop.
wait_or_stop() { # tries az argument...
  local tries=$1 error reason
  shift
  error=$(<"$work/error")
  case $error in
    *PrincipalNotFound* | *'does not exist in the directory'*) reason='the identity is new' ;;
    *ForbiddenByRbac*) reason='the role does not act yet' ;;
    *ConcurrentFederatedIdentity*) reason='another credential is being written' ;;
    *'nother operation'*'in progress'* | *AnotherOperationInProgress*)
      reason='another operation is under way'
      ;;
    *TooManyRequests* | *'Too Many Requests'*) reason='Azure asks to slow down' ;;
    *) reason='' ;;
  esac
  if [ -z "$reason" ] || [ "$SECONDS" -ge "$patience_seconds" ]; then
    log "failed: $error"
    die "$(shell_words "$@")" "$(plainly "$error")" \
      'Stopped. What was done before stands: run it again and it goes on from here.'
  fi
  log "waiting: $reason"
  [ "$tries" -gt 1 ] || printf '  ... waiting: %s\n' "$reason" >&2
  pause "$tries"
}

# Print az's error without the traceback that it adds to what it did not expect; the log has that.
plainly() { # error
  local text=${1#ERROR: The command failed with an unexpected error. Here is the traceback:}
  printf '%s' "${text%%Traceback (most recent call last)*}"
}

log() { # line
  printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" >>"$log_file"
}
