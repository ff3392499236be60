# shellcheck shell=bash
# What others need to know of an environment: read from Azure, shown to people or as JSON.

result_names=()
result_values=()

result() { # name value
  result_names+=("$1")
  result_values+=("$2")
}

command_outputs() { # option
  if [ "$phase" != write ]; then
    preflight_here
    run_phase gather
    run_reads
    run_phase compare >"$work/plan"
  fi
  results
  if [ "$1" = --json ]; then
    print_json
  else
    print_results
  fi
}

print_results() {
  local place
  for place in "${!result_names[@]}"; do
    printf '%-23s%s\n' "${result_names[place]}" "$(known "${result_values[place]}" '(not yet)')"
  done
}

print_json() {
  local place separator='{' value
  for place in "${!result_names[@]}"; do
    value=$(known "${result_values[place]}" '')
    printf '%s\n  %s: %s' "$separator" "$(json_string "${result_names[place]}")" \
      "$([ -n "$value" ] && json_string "$value" || printf null)"
    separator=,
  done
  printf '\n}\n'
}

known() { # value otherwise
  case $1 in
    '' | null | *"$unknown_start"*) printf '%s' "$2" ;;
    *) printf '%s' "$1" ;;
  esac
}

# The address that the Service mlflow got, which AKS keeps in the cluster's node group.
server_address() { # exposure
  result address "$(find_address "$1")"
}

find_address() { # exposure
  local networks=$subscription_scope/resourceGroups/$cluster_node_group/providers/Microsoft.Network
  ! is_unknown "$cluster_node_group" || return 0
  case $1 in
    load-balancer)
      ask "$networks/publicIPAddresses?api-version=2024-05-01" \
        "value[?tags.\"k8s-azure-service\"=='mlflow/mlflow'].[properties.dnsSettings.fqdn || properties.ipAddress][]"
      ;;
    internal)
      ask "$networks/loadBalancers/kubernetes-internal?api-version=2024-05-01" \
        'properties.frontendIPConfigurations[].properties.privateIPAddress'
      ;;
  esac
  read_one "$asked"
  answer_to "$asked"
  printf '%s' "${answer[0]:-}"
}

# For those who install Flux themselves: what Azure's own installation puts there. The label lets
# what waits for the ids go on at once.
facts_command() {
  is_unknown "$pods_client_id" || result azure_facts "$(shell_words kubectl create configmap \
    azure-facts --namespace flux-system "--from-literal=azure_client_id=$pods_client_id" \
    "--from-literal=azure_tenant_id=$tenant" --dry-run=client --output=yaml) | \
kubectl label --local --filename=- --output=yaml reconcile.fluxcd.io/watch=Enabled | \
kubectl apply --filename=-"
}
