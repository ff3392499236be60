"""What happens in Azure, from both sides' values and declared resources: Flux does none of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from generator.environment import Environment, keys, messages
from generator.render import infra
from generator.review import declared
from generator.review.declared import NAMESPACE
from generator.review.model import Applied, Case, Finding, Level
from generator.review.workloads import named
from generator.yaml import Location

_STAYS = "stays in Azure with what it holds, and goes on costing"


@dataclass(frozen=True)
class _Fixed:
    """A property that cannot change in place: what happens instead, and what to do."""

    level: Level
    message: str
    cure: str


# Leaves of the values that name a resource, or a property that Azure fixes when it makes one.
FIXED: Mapping[Location, _Fixed] = {
    ("azure", "subscription"): _Fixed(
        Level.DANGER,
        f"everything is made anew, empty, in the other subscription; the old {_STAYS}",
        "move the data by backup and restore, then destroy the old environment",
    ),
    ("azure", "location"): _Fixed(
        Level.ACTION,
        "no resource moves to another region: apply refuses and changes nothing",
        "make a new environment there (gen new), and move the data by backup and restore",
    ),
    ("azure", "resource_group"): _Fixed(
        Level.DANGER,
        f"everything is made anew, empty, in the new group; the old group {_STAYS}",
        "move the data by backup and restore, then destroy the old environment",
    ),
    ("cluster", "name"): _Fixed(
        Level.DANGER,
        "a second, empty cluster is made; the old one runs on, and its disk stays",
        "move the data by backup and restore, then delete the old cluster",
    ),
    ("cluster", "nodes", "size"): _Fixed(
        Level.ACTION,
        "a node pool's size is fixed: apply refuses and changes nothing",
        "az aks nodepool add with the new size, then delete the old pool (docs/azure.md)",
    ),
    ("apps", "mlflow", "database", "disk"): _Fixed(
        Level.ACTION,
        "a claim takes its disk when it is made: Flux is refused and stops",
        "set it back; only a new cluster takes another (docs/azure.md)",
    ),
    ("apps", "mlflow", "artifacts", "account"): _Fixed(
        Level.DANGER,
        "the server writes to a new, empty account",
        "copy the container first (azcopy copy --recursive): old runs name the old account",
    ),
    ("apps", "mlflow", "artifacts", "container"): _Fixed(
        Level.DANGER,
        "the server writes to a new, empty container",
        "copy the blobs first (azcopy copy --recursive): old runs name the old container",
    ),
    ("secrets", "key_vault"): _Fixed(
        Level.ACTION,
        "a new vault gets new secrets",
        "copy the secrets that must stay, then raise secrets.revision so that pods read them",
    ),
}


def fixed(case: Case) -> Iterator[Finding]:
    """A property changes that Azure cannot change: it is refused, or another resource is made."""
    for where, old, new in _changed(case):
        rule = FIXED.get(where)
        if rule and old is not None and _is_used(where, case):
            message = f"{_arrow(old, new)}: {rule.message}"
            yield Finding("azure-fixed", rule.level, messages.key(where), message, rule.cure)


def _is_used(where: Location, case: Case) -> bool:
    """A vault's name may stand in a file that keeps its secrets in Git."""
    sides = (case.before.environment, case.after.environment)
    vaults = [side.secrets.provider for side in sides if side]
    return where != ("secrets", "key_vault") or vaults[0] == "key-vault"


def _changed(case: Case) -> Iterator[tuple[Location, object, object]]:
    if not case.before.environment or not case.after.environment:
        return
    before, after = (
        dict(keys.leaves(side)) for side in (case.before.environment, case.after.environment)
    )
    for where in dict.fromkeys((*before, *after)):
        if before.get(where) != after.get(where):
            yield where, before.get(where), after.get(where)


def _arrow(old: object, new: object) -> str:
    return f"{keys.spoken(old)} -> {keys.spoken(new)}"


def version(case: Case) -> Iterator[Finding]:
    """Kubernetes goes up one minor version at a time, and never back."""
    for where, old, new in _changed(case):
        if where != ("cluster", "kubernetes_version"):
            continue
        step = int(str(new).partition(".")[2]) - int(str(old).partition(".")[2])
        subject, arrow = messages.key(where), _arrow(old, new)
        if step == 1:
            message = f"{arrow}: every node is replaced; the database's only pod moves with one"
            yield Finding("azure-version", Level.DOWNTIME, subject, message)
        else:
            message = "AKS does not go back" if step < 0 else "AKS goes up one version at a time"
            cure = f"set it to what runs: {old}" if step < 0 else "take the versions between first"
            yield Finding("azure-version", Level.ACTION, subject, f"{arrow}: {message}", cure)


def nodes(case: Case) -> Iterator[Finding]:
    """Nodes go, and the pods on them move."""
    before, after = case.before.environment, case.after.environment
    for where, old, new in _changed(case):
        measure = _COUNTS.get(where)
        if measure and before and after and measure(after) < measure(before):
            message = f"{_arrow(old, new)}: nodes go, and the pods on them start elsewhere"
            yield Finding("azure-nodes", Level.DOWNTIME, messages.key(where), message)


def _most_nodes(env: Environment) -> int:
    return env.cluster.nodes.max_count or env.cluster.nodes.count


_COUNTS: Mapping[Location, Callable[[Environment], int]] = {
    ("cluster", "nodes", "count"): lambda env: env.cluster.nodes.count,
    ("cluster", "nodes", "max_count"): _most_nodes,
}

_TIERS = ("free", "standard", "premium")


def cost(case: Case) -> Iterator[Finding]:
    """Azure's bill grows: more or larger nodes, a dearer tier, a larger disk."""
    before, after = case.before.environment, case.after.environment
    if not before or not after:
        return
    for where, measure in _COSTS.items():
        old, new = measure(before), measure(after)
        values = [dict(keys.leaves(side)).get(where) for side in (before, after)]
        if new > old and values[0] != values[1]:
            message = f"{_arrow(*values)}: costs more"
            yield Finding("azure-cost", Level.NO_RESTART, messages.key(where), message)


def _cores(env: Environment) -> float:
    digits = "".join(c for c in env.cluster.nodes.size.partition("_v")[0] if c.isdigit())
    return int(digits or 0)


_COSTS: Mapping[Location, Callable[[Environment], float]] = {
    ("cluster", "nodes", "size"): _cores,
    **_COUNTS,
    ("cluster", "tier"): lambda env: _TIERS.index(env.cluster.tier),
}


# What stays in Azure when it is declared no more: what that means, how grave it is, the cure.
# {name} is the resource's, {group} the environment's resource group; other words are arguments.
_COSTS_ON = "{stays} with what it holds, and goes on costing"
_ORPHANS: Mapping[str, tuple[Level, str, str]] = {
    "AKS cluster": (
        Level.ACTION,
        _COSTS_ON,
        "when nothing uses it: az aks delete --resource-group {group} --name {name}",
    ),
    "storage account": (
        Level.ACTION,
        _COSTS_ON,
        "when nothing reads it: az storage account delete --resource-group {group} --name {name}",
    ),
    "blob container": (
        Level.ACTION,
        _COSTS_ON,
        "when nothing reads it: az storage container-rm delete --storage-account {account} "
        "--name {container}",
    ),
    "key vault": (
        Level.ACTION,
        _COSTS_ON,
        "when nothing reads it: az keyvault delete --name {name}",
    ),
    "managed identity": (
        Level.ACTION,
        "{stays} with its roles: whoever it trusts can go on acting as it",
        "az identity delete --resource-group {group} --name {name}",
    ),
    "federated credential": (
        Level.ACTION,
        "{stays}: its subject can go on acting as the identity",
        "az identity federated-credential delete --resource-group {group} "
        "--identity-name {identity} --name {credential}",
    ),
    "vault secret": (
        Level.NO_RESTART,
        "{stays}, where nothing reads it any more",
        "az keyvault secret delete --vault-name {vault} --name {secret}",
    ),
    "role assignment": (
        Level.NO_RESTART,
        "{stays}: apply grants, and takes nothing away",
        "az role assignment list --resource-group {group} shows it, az role assignment delete "
        "--ids ID takes it away",
    ),
}


def orphaned(case: Case) -> Iterator[Finding]:
    """Something is declared no more and stays in Azure: apply deletes nothing."""
    gone = [change.object for change in case.azure if not change.after]
    for resource in gone:
        follows = any(declared.goes_with(resource, other) for other in gone)
        if resource.kind in _ORPHANS and not follows:
            yield _orphan(case, resource)


def _orphan(case: Case, resource: Applied) -> Finding:
    level, message, cure = _ORPHANS[resource.kind]
    group = case.before.environment.azure.resource_group if case.before.environment else "GROUP"
    words = {**resource.values, "name": resource.name, "group": group, "stays": "stays in Azure"}
    if resource.at("role") == "cluster_admin":  # a person, who is not to have it any more
        level, cure = Level.ACTION, "az role assignment delete --assignee {who}"
    message, cure = message.format_map(words), cure.format_map(words)
    return Finding("azure-orphaned", level, resource.subject, message, cure)


def made(case: Case) -> Iterator[Finding]:
    """Something new is declared: it is there only after provisioning."""
    new = [change.object for change in case.azure if not change.before]
    if new and case.before.environment:
        name = case.before.environment.name
        message = f"{named(new)}: made when provisioning runs after the merge, not before"
        cure = f"what pods need at once, make before: {infra.script(name)} apply"
        yield Finding("azure-made", Level.NO_RESTART, NAMESPACE, message, cure)


def granted(case: Case) -> Iterator[Finding]:
    """Somebody becomes an administrator of the cluster."""
    before, after = case.before.environment, case.after.environment
    if before and after:
        for admin in sorted(set(after.cluster.admins) - set(before.cluster.admins)):
            message = f"{admin} becomes administrator of the whole cluster, secrets included"
            yield Finding("azure-granted", Level.NO_RESTART, "cluster.admins", message)


def provider(case: Case) -> Iterator[Finding]:
    """Secrets are kept elsewhere: their values do not follow by themselves."""
    for where, old, new in _changed(case):
        if where == ("secrets", "provider"):
            message = f"{_arrow(old, new)}: the values do not follow; new ones are made"
            cure = "run provisioning" if new == "key-vault" else "gen secrets init"
            yield Finding(
                "secrets-move",
                Level.ACTION,
                messages.key(where),
                message,
                f"{cure} before you merge; what must stay, copy (docs/secrets.md)",
            )


_IN_PLACE = ("azure.tags", "cluster.tier", "cluster.nodes.count", "cluster.nodes.max_count")


def in_place(case: Case) -> Iterator[Finding]:
    """Azure changes in place, once provisioning runs."""
    changed = [messages.key(where) for where, _, _ in _changed(case)]
    found = [key for key in changed if key.startswith(_IN_PLACE)]
    if found:
        message = "changes in place when provisioning runs after the merge"
        yield Finding("azure-in-place", Level.NO_RESTART, ", ".join(found), message)


def followed(case: Case) -> Iterator[Finding]:
    """Flux reads another repository or branch only after provisioning has told it."""
    for where, old, new in _changed(case):
        if where[0] == "git":
            message = f"{_arrow(old, new)}: Flux follows the old one until provisioning runs"
            name = case.after.environment.name if case.after.environment else "ENV"
            cure = f"run {infra.script(name)} apply"
            yield Finding("azure-followed", Level.ACTION, messages.key(where), message, cure)


def comes_or_goes(case: Case) -> Iterator[Finding]:
    """A whole environment is new, or leaves Git."""
    before, after = case.before, case.after
    if after.environment and not before.environment and not before.objects:
        name = after.environment.name
        yield Finding(
            "environment",
            Level.ACTION,
            f"environment {name}",
            "is new: nothing of it exists in Azure yet",
            f"{infra.script(name)} apply",
        )
    if before.environment and not after.objects and before.objects:
        name = before.environment.name
        yield Finding(
            "environment",
            Level.ACTION,
            f"environment {name}",
            f"leaves Git: Flux finds clusters/{name}/ no more and stops; cluster and data run on "
            "and cost",
            f"destroy it first: {infra.script(name)} destroy",
        )


RULES = {
    "azure-fixed": fixed,
    "azure-version": version,
    "azure-nodes": nodes,
    "azure-cost": cost,
    "azure-orphaned": orphaned,
    "azure-granted": granted,
    "azure-in-place": in_place,
    "azure-followed": followed,
    "secrets-move": provider,
    "azure-made": made,
}
RULES_OF_THE_WHOLE = {"environment": comes_or_goes}
