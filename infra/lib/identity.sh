# shellcheck shell=bash
# Managed identities, and the tokens of others that may stand for them.

readonly identity_version=2024-11-30

identity_id() { # identity
  id_of Microsoft.ManagedIdentity/userAssignedIdentities "$1"
}

# Sets SYMBOL_principal_id and SYMBOL_client_id.
managed_identity() { # symbol identity
  resource 'managed identity' "$2" "$(identity_id "$2")" "$identity_version"
  property location "$location"
  never 'an identity cannot move'
  tagged
  output "$1_principal_id" properties.principalId
  output "$1_client_id" properties.clientId
  on_create create_identity
  on_destroy write az identity delete --resource-group "$resource_group" --name "$2"
  settle
}

# `az identity create` reads a full stop, a blank or a quote of a tag as its own syntax.
create_identity() {
  local tag body=''
  for tag in ${tags[@]+"${tags[@]}"}; do
    body="$body, $(json_string "${tag%%=*}"): $(json_string "${tag#*=}")"
  done
  write az rest --method put --url "$address" \
    --body "{\"location\": $(json_string "$location"), \"tags\": {${body#, }}}"
}

# What GitHub Actions of `repository` may become in the GitHub environment `place`.
github_credential() { # identity repository place
  local owner=${2%%/*} name=${2#*/}
  federated_credential "$1" github https://token.actions.githubusercontent.com \
    "${GITHUB_SUBJECT:-repo:$2}:environment:$3" "repo:$owner@*/$name@*:environment:$3"
}

# A token of `issuer` for `subject` is as good as the identity. Azure takes one at a time.
federated_credential() { # identity credential issuer subject [subject_pattern]
  resource 'federated credential' "$1/$2" "$(identity_id "$1")/federatedIdentityCredentials/$2" \
    "$identity_version"
  property properties.issuer "$3" --issuer "$3"
  property properties.subject "$4" --subject "$4"
  or_like "${5:-$4}"
  property 'properties.audiences[0]' api://AzureADTokenExchange \
    --audiences api://AzureADTokenExchange
  on_create write az identity federated-credential create --resource-group "$resource_group" \
    --identity-name "$1" --name "$2"
  on_change write az identity federated-credential update --resource-group "$resource_group" \
    --identity-name "$1" --name "$2" --issuer "$3" --subject "$4" \
    --audiences api://AzureADTokenExchange
  settle
}
