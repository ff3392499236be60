# shellcheck shell=bash
# Role assignments: who may do what, and where.

# The ids of Azure's own roles are the same everywhere.
readonly role_owner=8e3af657-a8ff-443c-a75c-2fe8c4bcb635
readonly role_contributor=b24988ac-6180-42a0-ab88-20f7382dd24c
readonly role_reader=acdd72a7-3385-48ef-bd42-f606fba81ae7
readonly role_access_administrator=18d7d88d-d35e-4fb5-a5c3-7773c20a72d9
readonly role_rbac_administrator=f58310d9-a9f6-439a-9e8d-f62e7b41a168
readonly role_blob_contributor=ba92f5b4-2d11-453d-a403-e96b0029c9fe
readonly role_secrets_officer=b86a8fe4-44ce-4948-aee5-eccb2c155cd7
readonly role_secrets_user=4633458b-17de-408a-b874-0445c86b69e6
readonly role_cluster_admin=b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b

# Azure may not know a new identity yet: told that it is one, it does not look it up.
identity_role() { # who principal_id role scope
  role_assignment "$@" ServicePrincipal
}

# A user or a group: az finds out which.
person_role() { # who principal_id role scope
  role_assignment "$@" ''
}

# An assignment above `scope` counts: what it gives, it gives here.
role_assignment() { # who principal_id role scope principal_type
  local role=role_$3 assignment
  assignment=$4/providers/Microsoft.Authorization/roleAssignments
  resource 'role assignment' "$3 for $1" "$assignment" 2022-04-01
  listed "$assignment?api-version=2022-04-01&\$filter=atScope()" \
    "value[?ends_with(properties.roleDefinitionId, '${!role}')].properties.principalId" "$2"
  on_create assign_role "$2" "${!role}" "$4" "$5"
  on_destroy remove_role "$2" "${!role}" "$4"
  settle
}

assign_role() { # principal_id role scope principal_type
  local name=()
  is_unknown "$1" || name=(--name "$(assignment_name "$3" "$2" "$1")")
  write az role assignment create ${name[@]+"${name[@]}"} --assignee-object-id "$1" \
    ${4:+--assignee-principal-type "$4"} --role "$2" --scope "$3"
}

# Whatever its name: who ran what a dry run prints, where az chose it. None above `scope`.
remove_role() { # principal_id role scope
  local assignment assignments="$3/providers/Microsoft.Authorization/roleAssignments"
  answer=("$assignments/NAME")
  if [ -z "$dry_run" ]; then
    ask "$assignments?api-version=2022-04-01&\$filter=atScope()" \
      "value[?ends_with(properties.roleDefinitionId, '$2') && properties.principalId=='$1'].id"
    read_one "$asked"
    answer_to "$asked"
  fi
  for assignment in ${answer[@]+"${answer[@]}"}; do
    case $(lower "$assignment") in
      "$(lower "$assignments")"/*)
        write az rest --method delete --url "$assignment?api-version=2022-04-01"
        ;;
    esac
  done
}

lower() { # text
  printf '%s' "$1" | tr '[:upper:]' '[:lower:]'
}

# The same three give the same name, so that a second run cannot add a second assignment; another
# principal gives another name, because Azure lets no assignment change hands.
assignment_name() { # scope role principal_id
  local digest
  digest=$(printf '%s %s %s' "$1" "$2" "$3" | sha1)
  printf '%s-%s-5%s-a%s-%s' "${digest:0:8}" "${digest:8:4}" "${digest:13:3}" "${digest:17:3}" \
    "${digest:20:12}"
}

sha1() {
  { sha1sum 2>/dev/null || shasum; } | cut -c 1-40
}
