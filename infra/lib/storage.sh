# shellcheck shell=bash
# Azure Storage: the account and the container that MLflow keeps artifacts in.

readonly storage_version=2025-08-01
readonly days_until_gone=7 # a deleted blob or container can be brought back that long

storage_account_id() { # account
  id_of Microsoft.Storage/storageAccounts "$1"
}

# TLS 1.2, nothing public. Its keys open it only where `access` is account-key.
storage_account() { # account access
  local shared_keys=false
  [ "$2" != account-key ] || shared_keys=true
  storage_scope=$(storage_account_id "$1")
  resource 'storage account' "$1" "$(storage_account_id "$1")" "$storage_version"
  property location "$location" --location "$location"
  never 'an account cannot move; copy its blobs to a new one'
  property kind StorageV2 --kind StorageV2
  never "az storage account update --upgrade-to-storagev2 -g $resource_group -n $1"
  property sku.name Standard_LRS --sku Standard_LRS
  property properties.minimumTlsVersion TLS1_2 --min-tls-version TLS1_2
  property properties.supportsHttpsTrafficOnly true --https-only true
  property properties.allowBlobPublicAccess false --allow-blob-public-access false
  # Azure takes no word for yes.
  property 'properties.allowSharedKeyAccess != `false`' "$shared_keys" \
    --allow-shared-key-access "$shared_keys"
  tagged
  on_create write az storage account create --resource-group "$resource_group" --name "$1"
  on_change write az storage account update --resource-group "$resource_group" --name "$1"
  on_destroy write az storage account delete --resource-group "$resource_group" --name "$1" --yes
  unless storage_name_is_taken
  holds_data
  settle
}

storage_name_is_taken() {
  local taken
  taken=$(az storage account check-name --name "$name" --query 'nameAvailable || message' \
    --output tsv --subscription "$subscription" --only-show-errors) || taken='Its name cannot be checked.'
  [ "$taken" = true ] || printf '%s Choose another apps.mlflow.artifacts.account.' "$taken"
}

# Deleted blobs and containers stay for a while.
blob_service() { # account
  local service
  service=$(storage_account_id "$1")/blobServices/default
  resource 'blob service' "$1" "$service" "$storage_version"
  property properties.deleteRetentionPolicy.enabled true --enable-delete-retention true
  property properties.deleteRetentionPolicy.days "$days_until_gone" \
    --delete-retention-days "$days_until_gone"
  property properties.containerDeleteRetentionPolicy.enabled true \
    --enable-container-delete-retention true
  property properties.containerDeleteRetentionPolicy.days "$days_until_gone" \
    --container-delete-retention-days "$days_until_gone"
  on_create set_blob_service "$1"
  on_change set_blob_service "$1"
  settle
}

# Azure takes days only together with the switch.
set_blob_service() { # account flag...
  write az storage account blob-service-properties update --resource-group "$resource_group" \
    --account-name "$1" --enable-delete-retention true --delete-retention-days "$days_until_gone" \
    --enable-container-delete-retention true --container-delete-retention-days "$days_until_gone"
}

blob_container() { # account container
  resource 'blob container' "$2" \
    "$(storage_account_id "$1")/blobServices/default/containers/$2" "$storage_version"
  property properties.publicAccess None
  on_create write az storage container-rm create --resource-group "$resource_group" \
    --storage-account "$1" --name "$2" --public-access off
  # az storage container-rm update takes "--public-access off" for "leave it as it is".
  on_change patch '{"properties": {"publicAccess": "None"}}'
  holds_data
  settle
}
