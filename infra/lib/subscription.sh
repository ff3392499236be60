# shellcheck shell=bash
# The subscription: which of Azure's services it may use.

provider() { # namespace
  resource 'resource provider' "$1" "$subscription_scope/providers/$1" 2021-04-01
  listed "$subscription_scope/providers?api-version=2021-04-01" \
    "value[?registrationState=='Registered'].namespace" "$1"
  on_create write az provider register --namespace "$1" --wait
  settle
}
