# shellcheck shell=bash
# Flux on AKS: the extension, and the repository that it follows.

readonly extension_version=2025-03-01
readonly configuration_version=2025-04-01

configuration_id() { # cluster type name
  printf '%s/providers/Microsoft.KubernetesConfiguration/%s/%s' "$(aks_id "$1")" "$2" "$3"
}

# The controllers that nothing here uses stay off: a small node has no room for them.
flux_extension() { # cluster [controllers]
  local controller is_used settings=''
  resource 'Flux extension' flux "$(configuration_id "$1" extensions flux)" "$extension_version"
  settles_at properties.provisioningState
  property properties.extensionType microsoft.flux
  never 'another extension has this name; delete it first'
  property properties.autoUpgradeMinorVersion true
  for controller in helm notification image-automation image-reflector; do
    is_used=false
    case " ${*:2} " in *" $controller "*) is_used=true ;; esac
    property "properties.configurationSettings.\"$controller-controller.enabled\"" "$is_used"
    settings="$settings, \"$controller-controller.enabled\": \"$is_used\""
  done
  body='"autoUpgradeMinorVersion": true, "configurationSettings": {'"${settings#, }}"
  on_create put "{\"properties\": {\"extensionType\": \"microsoft.flux\", \"releaseTrain\": \"Stable\", \
\"scope\": {\"cluster\": {\"releaseNamespace\": \"flux-system\"}}, $body}}"
  on_change patch "{\"properties\": {$body}}"
  settle
}

# Flux's GitRepository flux-system and two Kustomizations: `facts`, which brings the ids that only
# Azure knows into the cluster, and `cluster`, which is everything else.
flux_configuration() { # cluster url branch auth path
  local user=null
  [ "$4" != token ] || user=git
  git_credential "$4"
  resource 'Flux configuration' flux-system \
    "$(configuration_id "$1" fluxConfigurations flux-system)" "$configuration_version"
  settles_at properties.provisioningState
  output flux_public_key properties.repositoryPublicKey
  property properties.gitRepository.url "$2"
  property properties.gitRepository.repositoryRef.branch "$3"
  property properties.gitRepository.httpsUser "$user"
  hindered_by credential_is_missing
  changed_by put_configuration
  property properties.kustomizations.facts.path ./infra/facts
  property "$substitute.azure_client_id" "$pods_client_id"
  property "$substitute.azure_tenant_id" "$tenant"
  if [ -n "$credential_digest" ]; then
    property "$substitute.git_credential_sha1" "$credential_digest"
    changed_by put_configuration
  fi
  property properties.kustomizations.cluster.path "$5"
  property 'properties.kustomizations.cluster.[prune,dependsOn]' '[true,["facts"]]'
  configuration="$(git_repository "$2" "$3" "$user"), $(kustomizations "$5")"
  on_create put_configuration
  on_change patch "{\"properties\": {$configuration}}"
  [ "$4" != token ] || unless credential_is_missing
  settle
}

# Azure never tells which credential it has. A digest of it stands beside the ids that Flux
# substitutes, where nothing asks for it, so that another credential is a change.
readonly substitute=properties.kustomizations.facts.postBuild.substitute

# What the repository is opened with, from a file. With ssh Azure makes a key by itself where none
# is named. Sets the setting's name in Azure, the text of shell that prints it, and its digest.
git_credential() { # auth
  local file=''
  credential_setting='' credential_pipeline='' credential_digest=''
  case $1 in
    token)
      file=${GIT_TOKEN_FILE:-} credential_setting=httpsKey
      credential_pipeline="tr -d '\\r\\n' <\"\$GIT_TOKEN_FILE\" | base64 | tr -d '\\n'"
      ;;
    ssh)
      file=${GIT_SSH_KEY_FILE:-}
      [ -z "$file" ] || credential_setting=sshPrivateKey
      credential_pipeline="base64 <\"\$GIT_SSH_KEY_FILE\" | tr -d '\\n'"
      ;;
  esac
  [ ! -r "$file" ] || credential_digest=$(sha1 <"$file")
}

credential_is_missing() { # [user]
  [ "${1:-}" = null ] || [ -n "$credential_digest" ] || printf '%s' \
    'say where the token is: GIT_TOKEN_FILE=PATH in front of this command'
}

git_repository() { # url branch user
  local user=''
  [ "$3" = null ] || user=", \"httpsUser\": $(json_string "$3")"
  printf '"sourceKind": "GitRepository", "gitRepository": {"url": %s, "repositoryRef": {"branch": %s}, "syncIntervalInSeconds": 60%s}' \
    "$(json_string "$1")" "$(json_string "$2")" "$user"
}

kustomizations() { # path
  local facts
  facts="\"azure_client_id\": $(json_string "$pods_client_id"), \"azure_tenant_id\": $(json_string "$tenant")"
  [ -z "$credential_digest" ] || facts="$facts, \"git_credential_sha1\": \"$credential_digest\""
  printf '"kustomizations": {"facts": {"path": "./infra/facts", "prune": false, "wait": true, "syncIntervalInSeconds": 600, "retryIntervalInSeconds": 60, "postBuild": {"substitute": {%s}}}, "cluster": {"path": %s, "dependsOn": ["facts"], "prune": true, "wait": false, "syncIntervalInSeconds": 600, "retryIntervalInSeconds": 60}}' \
    "$facts" "$(json_string "$1")"
}

# A credential goes to az through standard input, as the %s of a printf that the body is.
put_configuration() {
  local body="\"scope\": \"cluster\", \"namespace\": \"flux-system\", $configuration"
  if [ -z "$credential_setting" ]; then
    put "{\"properties\": {$body}}"
    return
  fi
  body=${body//\\/\\\\}
  body="{\"properties\": {${body//%/%%}, \"configurationProtectedSettings\": {\"$credential_setting\": \"%s\"}}}"
  write_from "printf $(shell_word "$body") \"\$($credential_pipeline)\"" \
    az rest --method put --url "$address" --body @-
  wait_by_hand
}
