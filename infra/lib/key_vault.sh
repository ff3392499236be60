# shellcheck shell=bash
# Azure Key Vault: the vault, and in it the secrets that MLflow needs.

readonly vault_version=2026-02-01
readonly vault_provider=$subscription_scope/providers/Microsoft.KeyVault

vault_id() { # vault
  id_of Microsoft.KeyVault/vaults "$1"
}

# Opened by roles, and a deleted one can be brought back for a week.
key_vault() { # vault
  vault_scope=$(vault_id "$1")
  resource 'key vault' "$1" "$(vault_id "$1")" "$vault_version"
  property location "$location"
  never 'a vault cannot move'
  property properties.enableRbacAuthorization true --enable-rbac-authorization true
  tagged
  on_create create_or_recover_vault "$1"
  on_change write az keyvault update --resource-group "$resource_group" --name "$1"
  on_destroy write az keyvault delete --resource-group "$resource_group" --name "$1"
  on_leftover purge_vault
  unless vault_name_is_taken
  holds_data
  settle
}

recovered='' # whether this run took back a deleted vault

create_or_recover_vault() { # vault flag...
  local vault=$1
  shift
  if [ -z "$dry_run" ] && [ "$(deleted_vault_id "$vault")" = "$id" ]; then
    write az keyvault recover --resource-group "$resource_group" --name "$vault" \
      --location "$location"
    recovered=yes
    merge_tags
  else
    write az keyvault create --resource-group "$resource_group" --name "$vault" \
      --location "$location" --retention-days 7 "$@"
  fi
}

# Print the id that a deleted vault of this name had, or nothing.
deleted_vault_id() { # vault
  ask "$vault_provider/locations/$location/deletedVaults/$1?api-version=$vault_version" \
    properties.vaultId
  read_one "$asked"
  answer_to "$asked"
  printf '%s' "${answer[0]:-}"
}

vault_name_is_taken() {
  local taken
  [ "$(deleted_vault_id "$name")" != "$id" ] || return 0
  # az's own check-name knows only the names of hardware vaults.
  taken=$(az rest --method post --query 'nameAvailable || message' --output tsv --only-show-errors \
    --url "$vault_provider/checkNameAvailability?api-version=$vault_version" \
    --body "{\"name\": $(json_string "$name"), \"type\": \"Microsoft.KeyVault/vaults\"}") ||
    taken='Its name cannot be checked.'
  [ "$taken" = true ] || printf '%s Choose another secrets.key_vault.' "$taken"
}

purge_vault() {
  [ -n "$delete_data" ] && [ -n "$(deleted_vault_id "$name")" ] || return 0
  say "- key vault $name: purged"
  write az keyvault purge --name "$name" --location "$location"
}

given_by='' # the variable that names a person's file

# Made once; a new one is made by deleting it, or by `gen secrets rotate`. `pipeline` prints it.
# One that is of a resource names it in the tag `of`: of another, it is another secret.
key_vault_secret() { # vault secret pipeline [of]
  resource 'vault secret' "$2" "$(vault_id "$1")/secrets/$2" "$vault_version"
  listed "$(vault_id "$1")/secrets?api-version=$vault_version" \
    "value[].join(' ', [name, tags.of || ''])" "$2 ${4:-}"
  on_create make_secret "$3" az keyvault secret set --vault-name "$1" --name "$2" \
    --file /dev/stdin --encoding utf-8 ${4:+--tags "of=$4"}
  [ -z "$given_by" ] || unless file_is_not_named
  settle
}

# A vault that came back brought its secrets: the plan could not see them.
make_secret() { # pipeline az argument...
  if [ -n "$recovered" ]; then
    read_one "${readings[declared]}"
    compare
    [ "$verdict" != '=' ] || return 0
  fi
  write_from "$@"
}

# Random characters that no program needs to escape, four bits each.
random_secret() { # vault secret length
  key_vault_secret "$1" "$2" "od -An -vtx1 -N$(($3 / 2)) /dev/urandom | tr -d ' \n'"
}

storage_connection_secret() { # vault secret account
  key_vault_secret "$1" "$2" "$(shell_words az storage account show-connection-string \
    --resource-group "$resource_group" --name "$3" --subscription "$subscription" \
    --query connectionString --output tsv)" "$3"
}

# What only a person has, in the file that `variable` names: asked for where the vault lacks it.
given_secret() { # vault secret variable
  local given_by=$3
  key_vault_secret "$1" "$2" "cat \"\${$3:?$(file_is_not_named)}\""
}

file_is_not_named() {
  [ -n "${!given_by:-}" ] ||
    printf 'say where it is: %s=PATH in front of this command' "$given_by"
}
