# shellcheck shell=bash
# Words -> text that another program reads back as the same words.

# Marks a value that only the created resource will tell. No value can hold these characters.
readonly unknown_start=$'\001' unknown_end=$'\002'

# Print the arguments as one command line that a shell reads back; unknown values as variables.
shell_words() { # word...
  local word line=''
  for word in "$@"; do
    line="$line $(shell_word "$word")"
  done
  printf '%s\n' "${line# }"
}

# bash 3.2 reads quotes inside ${...//...} in its own way: there they stand in variables.
readonly single=\' single_in_single="'\\''" double=\"
readonly variable_starts="'\"\$" variable_ends="\"'"

shell_word() { # word
  local word=$1
  case $word in
    "$unknown_start"*"$unknown_end") printf '"$%s"' "$(unknown_name "$word")" ;;
    '' | *[!A-Za-z0-9_./:=,+@%-]*)
      word="'${word//$single/$single_in_single}'"
      word=${word//$unknown_start/$variable_starts}
      printf '%s' "${word//$unknown_end/$variable_ends}"
      ;;
    *) printf '%s' "$word" ;;
  esac
}

unknown() { # name
  printf '%s%s%s' "$unknown_start" "$1" "$unknown_end"
}

is_unknown() { # value
  case $1 in *"$unknown_start"*) return 0 ;; *) return 1 ;; esac
}

unknown_name() { # value
  local name=${1#"$unknown_start"}
  printf '%s' "${name%"$unknown_end"}"
}

# Print a value as a JSON string. It is also how JMESPath quotes a key.
json_string() { # value
  local value=$1
  value=${value//\\/\\\\}
  value=${value//\"/\\\"}
  printf '"%s"' "$value"
}
