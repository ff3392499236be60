# shellcheck shell=bash
# This machine, the sign-in, the subscription and the region -> every problem, with its cure.

readonly az_needed=2.60 bash_needed=3.2
readonly placeholder=00000000-0000-0000-0000-000000000000
problems=()
writing='' # whether this run, or the one that it is a check for, will write
preflight_questions=()

problem() { # what cure
  problems+=("! $1" "    $2")
}

stop_at_problems() {
  [ ${#problems[@]} = 0 ] || die "${problems[@]}"
}

# What can be known before Azure is asked anything. Sets `tenant` and `caller`.
preflight_here() {
  local found_az=yes
  type -P az >/dev/null || found_az=''
  newer_than "$BASH_VERSION" "$bash_needed" ||
    problem "bash is version $BASH_VERSION, $bash_needed or newer is needed" 'install bash'
  [ "$subscription" != "$placeholder" ] ||
    problem "azure.subscription is still the placeholder $placeholder" \
      "gen init, or edit environments/$environment.yaml; then: gen render --env $environment"
  check_files
  if [ -z "$found_az" ]; then
    problem 'az, the Azure client, is not installed' 'pip install azure-cli'
  else
    check_az
  fi
  stop_at_problems
}

# A credential whose file is named and not there would silently stay the old one.
check_files() {
  local variable
  for variable in AGE_KEY_FILE GIT_TOKEN_FILE GIT_SSH_KEY_FILE COMMIT_STATUS_TOKEN_FILE \
    CHAT_WEBHOOK_FILE TLS_CERTIFICATE_FILE TLS_KEY_FILE; do
    [ -z "${!variable:-}" ] || [ -r "${!variable}" ] ||
      problem "$variable: ${!variable} cannot be read" 'name a file that you can read'
  done
}

check_az() {
  local version
  az version --query '"azure-cli"' --output tsv >"$work/version" 2>"$work/version.error" &
  sign_in || problem "not signed in to subscription $subscription" \
    "az login, then: az account set --subscription $subscription"
  wait
  version=$(<"$work/version")
  newer_than "${version:-0.0}" "$az_needed" ||
    problem "az is version ${version:-unknown}, $az_needed or newer is needed" \
      'az upgrade, or: pip install --upgrade azure-cli'
}

newer_than() { # version needed
  local major=${1%%.*} rest=${1#*.}
  [ "$major" -gt "${2%%.*}" ] || { [ "$major" = "${2%%.*}" ] && [ "${rest%%.*}" -ge "${2#*.}" ]; }
}

# Who is asking: read from the caller's own token, which needs no right in the directory.
sign_in() {
  local token
  token=$(az account get-access-token --subscription "$subscription" \
    --query "join(' ', [tenant, accessToken])" --output tsv 2>"$work/sign_in") || return 1
  tenant=${token%% *}
  caller=$(token_claim "${token#* }" oid)
}

token_claim() { # token claim
  local middle=${1#*.}
  middle=$(printf '%s' "${middle%%.*}===" | tr '_-' '/+')
  printf '%s' "${middle:0:$((${#middle} / 4 * 4))}" | base64 --decode |
    sed -n 's/.*"'"$2"'": *"\([^"]*\)".*/\1/p'
}

preflight_question() { # name url query
  ask "$2" "$3"
  printf -v "question_$1" '%s' "$asked"
}

# Sets `answer` and `found` for one of the questions below.
preflight_answer() { # name
  local question=question_$1
  answer_to "${!question}"
  if [ "$found" != yes ]; then
    problem "cannot read $1: $(read_failure "${!question}")" 'the Reader role is needed'
    return 1
  fi
}

readonly subscription_scope=/subscriptions/$subscription
readonly compute=$subscription_scope/providers/Microsoft.Compute

preflight_ask() {
  preflight_question roles \
    "$subscription_scope/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&\$filter=assignedTo('$caller')" \
    "value[].join(' ', [properties.roleDefinitionId, properties.scope])"
  preflight_question sizes \
    "$compute/skus?api-version=2021-07-01&\$filter=location eq '$location'" \
    "value[?resourceType=='virtualMachines' && name=='$node_size'].[family, capabilities[?name=='vCPUs'].value | [0], to_string(restrictions[?type=='Location'].reasonCode)] | [0]"
  preflight_question quota "$compute/locations/$location/usages?api-version=2024-07-01" \
    "value[].join(' ', [name.value, to_string(currentValue), to_string(limit)])"
  preflight_question versions \
    "$subscription_scope/providers/Microsoft.ContainerService/locations/$location/kubernetesVersions?api-version=$aks_version" \
    'values[].version'
}

preflight_judge() {
  ! preflight_answer roles || check_roles
  ! preflight_answer versions || check_version
  ! preflight_answer sizes || check_size
}

# To write: Owner, or Contributor with the right to give roles, on the group or above it.
check_roles() {
  local line may_write='' may_assign=''
  [ -n "$writing" ] || return 0
  for line in ${answer[@]+"${answer[@]}"}; do
    reaches_group "${line#* }" || continue
    case ${line%% *} in
      *"$role_owner") may_write=yes may_assign=yes ;;
      *"$role_contributor") may_write=yes ;;
      *"$role_access_administrator" | *"$role_rbac_administrator") may_assign=yes ;;
      *"$role_reader") ;;
      *) may_write=${may_write:-perhaps} may_assign=${may_assign:-perhaps} ;; # a role of yours
    esac
  done
  [ -n "$may_write" ] || missing_role Contributor
  [ -n "$may_assign" ] || missing_role 'Role Based Access Control Administrator'
}

missing_role() { # role
  problem "you lack the role $1" \
    "an owner runs: az role assignment create --assignee-object-id $caller --role '$1' --scope $subscription_scope"
}

reaches_group() { # scope
  case $1/ in
    "$subscription_scope/resourceGroups/$resource_group"/) return 0 ;;
    "$subscription_scope"/*) [ "$1" = "$subscription_scope" ] ;;
    *) return 0 ;;
  esac
}

check_version() {
  local line
  for line in ${answer[@]+"${answer[@]}"}; do
    [ "$line" != "$kubernetes_version" ] || return 0
  done
  problem "AKS does not offer Kubernetes $kubernetes_version in $location, but ${answer[*]}" \
    "set cluster.kubernetes_version in environments/$environment.yaml"
}

# Offered, not restricted, and quota for the nodes and the one more that an upgrade adds.
check_size() {
  local family=${answer[0]:-} cores=${answer[1]:-0} restricted=${answer[2]:-}
  if [ -z "$family" ]; then
    problem "$location does not offer the VM size $node_size to this subscription" \
      "az vm list-skus --location $location --resource-type virtualMachines --output table, then set cluster.nodes.size in environments/$environment.yaml"
    return
  fi
  [ "$restricted" = '[]' ] ||
    problem "the VM size $node_size is restricted in $location: $restricted" \
      "ask support to lift it, or set another cluster.nodes.size in environments/$environment.yaml"
  ! preflight_answer quota || check_quota "$family" "$cores"
}

check_quota() { # family cores
  local line name used limit nodes=1
  [ ! -e "$work/missing.$cluster_question" ] || nodes=$((node_count + 1))
  for line in ${answer[@]+"${answer[@]}"}; do
    read -r name used limit <<<"$line"
    case $name in cores | "$1") ;; *) continue ;; esac
    [ $((used + nodes * $2)) -gt "$limit" ] || continue
    too_little_quota "$((nodes * $2)) more vCPUs of $name are needed in $location, an upgrade's extra node included; $used of $limit are used" \
      "az quota update, or in the portal: Subscriptions > Usage + quotas > Request increase"
  done
}

# It stops a new cluster; one that runs only cannot be upgraded.
too_little_quota() { # what cure
  if [ -e "$work/missing.$cluster_question" ]; then
    problem "$1" "$2"
  else
    printf '! %s\n    %s\n' "$1" "$2" >&2
  fi
}
