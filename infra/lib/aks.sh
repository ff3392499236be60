# shellcheck shell=bash
# Azure Kubernetes Service: the cluster, its one node pool, its maintenance windows.

readonly aks_version=2026-06-01
# Overlay networking's default of 250 pods a node would reserve a quarter of a small node's memory.
readonly most_pods=60
readonly pool='properties.agentPoolProfiles[0]'
readonly vault_addon=azure-keyvault-secrets-provider

aks_id() { # cluster
  id_of Microsoft.ContainerService/managedClusters "$1"
}

# No local accounts, no shell on nodes, network policies that Cilium enforces, versions kept
# current by AKS. Sets cluster_issuer, cluster_principal_id and cluster_node_group.
aks_cluster() { # cluster secrets_provider
  cluster=$1 cluster_scope=$(aks_id "$1")
  resource 'AKS cluster' "$1" "$(aks_id "$1")" "$aks_version"
  settles_at properties.provisioningState
  output cluster_issuer properties.oidcIssuerProfile.issuerURL
  output cluster_principal_id identity.principalId
  output cluster_node_group properties.nodeResourceGroup
  property location "$location" --location "$location"
  never 'a cluster cannot move'
  cluster_versions
  cluster_nodes
  cluster_network
  cluster_access
  [ "$2" != key-vault ] || cluster_vault_addon
  tagged
  on_create write az aks create --resource-group "$resource_group" --name "$1" \
    --nodepool-name system --enable-managed-identity --no-ssh-key --yes
  on_change write az aks update --resource-group "$resource_group" --name "$1" --yes
  on_destroy write az aks delete --resource-group "$resource_group" --name "$1" --yes
  on_leftover destroy_disks
  unless disk_is_forgotten
  settle
  # shellcheck disable=SC2034 # preflight counts nodes by it
  cluster_question=${readings[declared]:-}
}

cluster_versions() {
  local sku=Free plan=KubernetesOfficial
  case $tier in
    standard) sku=Standard ;;
    premium) sku=Premium plan=AKSLongTermSupport ;; # Azure sells them only together
  esac
  property sku.tier "$sku" --tier "$tier"
  property "properties.supportPlan || 'KubernetesOfficial'" "$plan" --k8s-support-plan "$plan"
  property properties.kubernetesVersion "$kubernetes_version" \
    --kubernetes-version "$kubernetes_version"
  or_like "$kubernetes_version.*"
  hindered_by version_step
  changed_by upgrade_cluster
  property properties.autoUpgradeProfile.upgradeChannel patch --auto-upgrade-channel patch
  property properties.autoUpgradeProfile.nodeOSUpgradeChannel NodeImage \
    --node-os-upgrade-channel NodeImage
}

version_step() { # wanted actual
  local step=$((${1#*.} - $(printf '%s' "$2" | cut -d . -f 2)))
  case $step in
    1) ;;
    -*) printf 'AKS does not go back; set cluster.kubernetes_version to what runs' ;;
    *) printf 'AKS goes up one minor version at a time' ;;
  esac
}

upgrade_cluster() { # wanted
  write az aks upgrade --resource-group "$resource_group" --name "$cluster" \
    --kubernetes-version "$1" --yes
}

cluster_nodes() {
  property "$pool.vmSize" "$node_size" --node-vm-size "$node_size"
  never "a pool's size is fixed: az aks nodepool add another, then delete this one; see docs/azure.md"
  property "$pool.maxPods" "$most_pods" --max-pods "$most_pods"
  never 'fixed for a pool, as its size is'
  property "$pool.osSKU" AzureLinux --os-sku AzureLinux
  never 'fixed for a pool, as its size is'
  if [ -n "$node_max_count" ]; then
    property "$pool.[enableAutoScaling,minCount,maxCount]" "[true,$node_count,$node_max_count]" \
      --node-count "$node_count" --enable-cluster-autoscaler --min-count "$node_count" \
      --max-count "$node_max_count"
    changed_by set_autoscaler
  else
    property "$pool.[enableAutoScaling,count]" "[false,$node_count]" --node-count "$node_count"
    changed_by set_node_count
  fi
}

set_autoscaler() { # wanted actual
  local verb=--enable-cluster-autoscaler
  case $2 in '[true,'*) verb=--update-cluster-autoscaler ;; esac
  write az aks update --resource-group "$resource_group" --name "$cluster" "$verb" \
    --min-count "$node_count" --max-count "$node_max_count"
}

set_node_count() { # wanted actual
  case $2 in
    '[true,'*)
      write az aks update --resource-group "$resource_group" --name "$cluster" \
        --disable-cluster-autoscaler
      ;;
  esac
  [ "$2" = "[true,$node_count]" ] ||
    write az aks scale --resource-group "$resource_group" --name "$cluster" \
      --node-count "$node_count"
}

cluster_network() {
  local reason='a network is chosen once'
  property properties.networkProfile.networkPlugin azure --network-plugin azure
  never "$reason"
  property properties.networkProfile.networkPluginMode overlay --network-plugin-mode overlay
  never "$reason"
  property properties.networkProfile.networkDataplane cilium --network-dataplane cilium
  never "$reason"
  property properties.networkProfile.networkPolicy cilium --network-policy cilium
  never "$reason"
}

cluster_access() {
  property properties.oidcIssuerProfile.enabled true --enable-oidc-issuer
  property properties.securityProfile.workloadIdentity.enabled true --enable-workload-identity
  property properties.aadProfile.managed true --enable-aad
  property properties.aadProfile.enableAzureRBAC true --enable-azure-rbac
  property properties.disableLocalAccounts true --disable-local-accounts
  property properties.securityProfile.imageCleaner.enabled true --enable-image-cleaner
}

cluster_vault_addon() {
  local addon=properties.addonProfiles.azureKeyvaultSecretsProvider
  property "$addon.[enabled,config.enableSecretRotation,config.rotationPollInterval]" \
    '[true,"true","2m"]' --enable-addons "$vault_addon" --enable-secret-rotation \
    --rotation-poll-interval 2m
  changed_by enable_vault_addon
}

enable_vault_addon() { # wanted actual
  case $2 in
    '[true,'*)
      write az aks update --resource-group "$resource_group" --name "$cluster" \
        --enable-secret-rotation --rotation-poll-interval 2m
      ;;
    *)
      write az aks enable-addons --resource-group "$resource_group" --name "$cluster" \
        --addons "$vault_addon" --enable-secret-rotation --rotation-poll-interval 2m
      ;;
  esac
}

# When AKS may do its upgrades: Sundays from 02:00 UTC, for four hours.
maintenance_window() { # cluster schedule
  local window=properties.maintenanceWindow
  resource 'maintenance window' "$2" "$(aks_id "$1")/maintenanceConfigurations/$2" "$aks_version"
  property "$window.schedule.weekly.dayOfWeek" Sunday
  property "$window.schedule.weekly.intervalWeeks" 1
  property "$window.startTime" 02:00
  property "$window.durationHours" 4
  property "$window.utcOffset" +00:00
  on_create set_maintenance_window add "$1" "$2"
  on_change set_maintenance_window update "$1" "$2"
  settle
}

set_maintenance_window() { # verb cluster schedule
  write az aks maintenanceconfiguration "$1" --resource-group "$resource_group" \
    --cluster-name "$2" --name "$3" --schedule-type Weekly --day-of-week Sunday \
    --interval-weeks 1 --start-time 02:00 --duration 4 --utc-offset +00:00
}

# Where sops itself looks is good enough where nothing else is said.
readonly age_key_file=${AGE_KEY_FILE:-${SOPS_AGE_KEY_FILE:-}}

# The age key that Flux decrypts secrets with.
age_key() { # cluster
  resource 'age key' sops-age "$(aks_id "$1")" "$aks_version"
  unless age_key_is_missing
  handed_over "$1" age.agekey age-key-sha1 "$age_key_file"
}

# What Flux tells people with. The variable holds the path of the file.
notification_secret() { # cluster secret key variable
  local file=${!4:-}
  asked_for=$4
  if [ -r "$file" ]; then # Flux would take a line break at its end for a part of it
    tr -d '\n' <"$file" >"$work/$2"
    file=$work/$2
  fi
  resource 'notification secret' "$2" "$(aks_id "$1")" "$aks_version"
  unless notification_file_is_missing
  handed_over "$1" "$3" "$2-sha1" "$file"
}

notification_file_is_missing() {
  [ -r "${!asked_for:-}" ] || printf '%s' "${!asked_for:+${!asked_for} cannot be read; }" \
    "say where its value is: $asked_for=PATH in front of this command; see docs/notifications.md"
}

# A Secret of Flux's own, from a file. What reached the cluster is told from a digest in a tag.
handed_over() { # cluster key tag file
  local digest=''
  [ ! -r "$4" ] || digest=$(sha1 <"$4")
  listed "$id?api-version=$aks_version" 'keys(tags || `{}`)' "$3"
  if [ -n "$digest" ]; then
    listed "$id?api-version=$aks_version" "[tags.\"$3\"]" "$digest"
  fi
  on_create hand_over "$1" "$name" "$2" "$3=$digest" "${4:-$2}"
  settle
}

age_key_is_missing() {
  [ -r "$age_key_file" ] || printf '%s' "${age_key_file:+$age_key_file cannot be read; }" \
    'say where the key is: AGE_KEY_FILE=PATH in front of this command; gen secrets init makes one'
}

hand_over() { # cluster secret key tag file
  local argument
  argument=$(shell_word "--from-file=$3=$(basename "$5")")
  write az aks command invoke --resource-group "$resource_group" --name "$1" --file "$5" \
    --command "kubectl create namespace flux-system --dry-run=client -o yaml | kubectl apply -f - && kubectl create secret generic $2 -n flux-system $argument --dry-run=client -o yaml | kubectl apply -f -"
  write az tag update --resource-id "$id" --operation Merge --tags "$4"
}
