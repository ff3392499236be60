"""Every az command that a script can run, through az's own parser, offline."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from generator import environment, programs
from generator.render import infra
from generator.validate import azure_cli as cli
from generator.validate import validate

# Loading az's parsers takes a while on a busy machine.
pytestmark = pytest.mark.timeout(1200)
ROOT = Path(__file__).parents[2]
# Environments that between them take every branch of infra/lib/.
VARIANTS = {
    "prod": {},
    "autoscaled": {"cluster": {"nodes": {"max_count": 4}, "tier": "premium"}},
    "workload-identity": {
        "apps": {
            "mlflow": {
                "artifacts": {"access": "workload-identity"},
                "image": {"name": "ghcr.io/mlflow/mlflow", "tag": "v3.16.1-full"},
            }
        }
    },
    "sops": {"secrets": {"provider": "sops"}},
    "ssh": {"git": {"url": "ssh://git@github.com/a/b", "auth": "ssh"}},
    "token": {"git": {"url": "https://example.test/a/b", "auth": "token"}},
    "notifications": {"notifications": {"commit_status": "github", "chat": "slack"}},
    "admins": {"cluster": {"admins": ["0aa3981a-3333-4333-8333-333333333333"]}},
}


def merged(values, changes):
    for key, change in changes.items():
        values[key] = merged(values[key], change) if isinstance(change, dict) else change
    return values


def rendered(name, folder):
    """The script of one of the variants, in a folder of its own."""
    [prod] = environment.load(ROOT, ["prod"])
    env = type(prod).model_validate(merged(prod.model_dump(), VARIANTS[name]))
    (folder / "infra").mkdir(parents=True)
    (folder / "infra/lib").symlink_to(ROOT / "infra/lib")
    [file] = infra.files(env)
    script = folder / file.path
    script.parent.mkdir()
    script.write_text(file.text)
    script.chmod(0o755)
    return script


def test_az_takes_every_command_and_a_dry_run_needs_nothing(tmp_path, azure_cli):
    """All variants at once: az loads each command's parser once."""
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}  # no az there, no sign-in
    lines = []
    for name in VARIANTS:
        script = rendered(name, tmp_path / name)
        for arguments in (["commands"], ["apply", "--dry-run"]):
            said = subprocess.run(
                [script, *arguments], env=bare, capture_output=True, text=True, check=True
            )
            subprocess.run(["bash", "-n"], input=said.stdout, text=True, check=True)
            found = cli.commands(said.stdout)
            assert len(found) > 20
            lines += found
    unique = list(dict.fromkeys(map(tuple, lines)))
    assert [said for said in cli.findings(azure_cli, unique) if said] == []


BAD = {
    "aks creat -g a -n b": "az aks creat: no such command",
    "nosuch thing": "no such command",
    "aks create -g a": "az aks create: the following arguments are required: --name/-n",
    "aks create -g a -n b --tier gold": "--tier: 'gold' is none of free, standard, premium",
    "aks create -g a -n b --node-count many": "invalid int value: 'many'",
    "aks delete -g a -n b": "az aks delete: asks before it acts; add --yes",
    "group create --name a --locatio b": "--locatio is an abbreviation; write the whole flag",
    "group create --name a --location b --frob c": "unrecognized arguments: --frob c",
    "role assignment create --role r --scope s extra": "unrecognized arguments: extra",
    "storage account create -g a -n b --https-only maybe": "'maybe' is none of true, false",
    "rest --method got --url u": "'got' is none of head, get, put, post, delete, options, patch",
}
GOOD = ("group create --name a --location b --subscription c", "aks delete -g a -n b --yes")


def test_the_parser_finds_what_is_wrong(azure_cli):
    found = cli.findings(azure_cli, [line.split() for line in (*BAD, *GOOD)])
    for said, wanted in zip(found, BAD.values(), strict=False):
        assert len(said) == 1
        assert wanted in said[0]
    assert found[len(BAD) :] == [[], []]


FLUX = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c"
FLUX += "/providers/Microsoft.KubernetesConfiguration"
CONFIGURATION = f"{FLUX}/fluxConfigurations/flux-system?api-version=2025-04-01"
EXTENSION = f"{FLUX}/extensions/flux?api-version=2025-03-01"


def putting(url, properties, method="put"):
    return ["rest", "--method", method, "--url", url, "--body", json.dumps(properties)]


# Bodies that az's parser takes and Azure would not, and what is said of each.
BODIES = (
    (
        putting(CONFIGURATION, {"properties": {"gitRepository": {"uri": "https://a.test/b"}}}),
        "properties.gitRepository.uri: GitRepositoryDefinition has no such property; it has ",
    ),
    (
        putting(CONFIGURATION, {"properties": {"scope": "galaxy"}}),
        "properties.scope: 'galaxy' is none of cluster, namespace",
    ),
    (
        putting(CONFIGURATION, {"properties": {"kustomizations": {"a": {"prune": "true"}}}}),
        "properties.kustomizations.a.prune: must be true or false, not 'true'",
    ),
    (
        putting(CONFIGURATION, {"properties": {"kustomizations": {"a": {"dependsOn": "b"}}}}),
        "properties.kustomizations.a.dependsOn: must be a list, not 'b'",
    ),
    (
        putting(EXTENSION, {"properties": {"autoUpgradeMinorVersion": 1}}, "patch"),
        "properties.autoUpgradeMinorVersion: must be true or false, not 1",
    ),
    (
        putting(EXTENSION.replace("2025", "2019"), {"properties": {}}),
        "api-version 2019-03-01 is not the models', 2025-03-01",
    ),
    (
        [*putting(EXTENSION, None)[:-1], '{"properties": {]'],
        "the body is no JSON: Expecting property name",
    ),
    (
        putting(EXTENSION.replace("extensions", "sourceControls"), {}),
        "put Microsoft.KubernetesConfiguration/sourceControls: no model is known for this",
    ),
)


def test_a_body_that_the_models_do_not_know_is_found(azure_cli):
    found = cli.findings(azure_cli, [line for line, _ in BODIES])
    for said, (_, wanted) in zip(found, BODIES, strict=True):
        assert len(said) == 1
        assert said[0].startswith("az rest: ")
        assert wanted in said[0]


def test_gen_validate_asks_where_az_is_installed(tmp_path, azure_cli, monkeypatch):
    """A script without problems is not judged again until it changes."""
    [prod] = environment.load(ROOT, ["prod"])
    for folder in ("infra", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    assert programs.installed(tmp_path, "azure-cli") == azure_cli
    judged = []
    monkeypatch.setattr(cli, "problems", lambda *_: judged.append(1) or [])
    monkeypatch.setattr(programs, "cache", lambda: tmp_path / "cache")
    for _ in range(2):
        assert cli.judged(tmp_path, azure_cli, prod) == []
    assert judged == [1]
    monkeypatch.undo()

    storage = tmp_path / "infra/lib/storage.sh"
    storage.write_text(storage.read_text().replace("--sku ", "--skew "))
    flux = tmp_path / "infra/lib/flux.sh"
    flux.write_text(flux.read_text().replace("syncIntervalInSeconds", "syncIntervalSeconds"))
    said = [str(problem) for problem in validate(tmp_path, [prod], print).problems]
    assert any("syncIntervalSeconds: KustomizationDefinition has no such" in line for line in said)
    assert any(
        line.startswith("infra/prod/azure-resource-provisioning.sh: az") and "--skew" in line
        for line in said
    )


def test_commands_are_found_in_pipelines_and_captures():
    text = (
        "x=$(az group show -n 'a b')\nod -An | az keyvault secret set --file /dev/stdin\necho az\n"
        """printf '{"a%%": "%s"}' "$(tr -d x <"$F" | base64)" | az rest --body @-\n"""
    )
    assert cli.commands(text) == [
        ["group", "show", "-n", "a b"],
        ["keyvault", "secret", "set", "--file", "/dev/stdin"],
        ["rest", "--body", '{"a%": "x"}'],
    ]
