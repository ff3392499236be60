# shellcheck shell=bash
# Flux on AKS: the extension, and the repository that it follows.

readonly extension_version=2025-03-01
readonly configuration_version=2025-04-01

configuration_id() { # cluster type name
  printf '%s/providers/Microsoft.KubernetesConfiguration/%s/%s' "$(aks_id "$1")" "$2" "$3"
}

# The controllers that nothing here uses stay off: a small node has no room for them.
flux_extension() { # cluster
  local controller settings='' unused='helm notification image-automation image-reflector'
  resource 'Flux extension' flux "$(configuration_id "$1" extensions flux)" "$extension_version"
  settles_at properties.provisioningState
  property properties.extensionType microsoft.flux
  never 'another extension has this name; delete it first'
  property properties.autoUpgradeMinorVersion true
  for controller in $unused; do
    property "properties.configurationSettings.\"$controller-controller.enabled\"" false
    settings="$settings, \"$controller-controller.enabled\": \"false\""
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
  local repository kustomizations user=null
  [ "$4" != token ] || user=git
  resource 'Flux configuration' flux-system \
    "$(configuration_id "$1" fluxConfigurations flux-system)" "$configuration_version"
  settles_at properties.provisioningState
  output flux_public_key properties.repositoryPublicKey
  property properties.gitRepository.url "$2"
  property properties.gitRepository.repositoryRef.branch "$3"
  property properties.gitRepository.httpsUser "$user"
  hindered_by token_is_missing
  changed_by put_anew
  property properties.kustomizations.facts.path ./infra/facts
  property properties.kustomizations.facts.postBuild.substitute.azure_client_id "$pods_client_id"
  property properties.kustomizations.facts.postBuild.substitute.azure_tenant_id "$tenant"
  property properties.kustomizations.cluster.path "$5"
  property 'properties.kustomizations.cluster.[prune,dependsOn]' '[true,["facts"]]'
  repository=$(git_repository "$2" "$3" "$4")
  kustomizations=$(kustomizations "$5" "$pods_client_id" "$tenant")
  on_create put_configuration "$4" "$repository" "$kustomizations"
  on_change patch "{\"properties\": {$repository, $kustomizations}}"
  [ "$user" = null ] || unless token_is_missing
  settle
}

token_is_missing() { # [user]
  [ "${1:-}" = null ] || [ -n "${GIT_TOKEN_FILE:-}" ] || printf '%s' \
    'say where the token is: GIT_TOKEN_FILE=PATH in front of this command'
}

put_anew() {
  "${create[@]}"
}

git_repository() { # url branch auth
  local user=''
  [ "$3" != token ] || user=', "httpsUser": "git"'
  printf '"sourceKind": "GitRepository", "gitRepository": {"url": %s, "repositoryRef": {"branch": %s}, "syncIntervalInSeconds": 60%s}' \
    "$(json_string "$1")" "$(json_string "$2")" "$user"
}

kustomizations() { # path client_id tenant_id
  printf '"kustomizations": {"facts": {"path": "./infra/facts", "prune": false, "wait": true, "syncIntervalInSeconds": 600, "retryIntervalInSeconds": 60, "postBuild": {"substitute": {"azure_client_id": %s, "azure_tenant_id": %s}}}, "cluster": {"path": %s, "dependsOn": ["facts"], "prune": true, "wait": false, "syncIntervalInSeconds": 600, "retryIntervalInSeconds": 60}}' \
    "$(json_string "$2")" "$(json_string "$3")" "$(json_string "$1")"
}

put_configuration() { # auth repository kustomizations
  if [ "$1" = token ]; then
    put_with_token "$2" "$3"
  else
    put "{\"properties\": {\"scope\": \"cluster\", \"namespace\": \"flux-system\", $2, $3}}"
  fi
}

# The token from the file that GIT_TOKEN_FILE names; az reads the body from a private file.
put_with_token() { # repository kustomizations
  local body=$work/flux-configuration.json token
  if [ -z "$dry_run" ]; then
    token=$(tr -d '\n' <"$GIT_TOKEN_FILE" | base64 | tr -d '\n')
    printf '{"properties": {"scope": "cluster", "namespace": "flux-system", %s, %s, "configurationProtectedSettings": {"httpsKey": "%s"}}}' \
      "$1" "$2" "$token" >"$body"
  fi
  write az rest --method put --url "$address" --body "@$body"
  rm -f "$body"
}
