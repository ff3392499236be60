# shellcheck shell=bash
# A secret's name -> a new value of it in the key vault: random, or read anew where Azure makes it.

vault_secrets=() # whose turn it may be

command_rotate_secret() { # secret
  preflight_here
  run_phase gather
  turn=$1
  run_phase rotate
  case " ${vault_secrets[*]-} " in
    '  ') die "$environment keeps no secrets in a key vault; see: gen secrets rotate --help" ;;
    *" ${turn:-none} "*) ;;
    *) die "$environment has no secret '$turn'; it has: ${vault_secrets[*]}" ;;
  esac
}

# The vault keeps the old value as an older version.
rotate() {
  [ "$kind" = 'vault secret' ] || return 0
  vault_secrets+=("$name")
  [ "$name" != "$turn" ] || {
    log "rotate $name"
    "${create[@]}"
    say "$name has a new value"
  }
}
