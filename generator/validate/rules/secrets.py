"""No secret in plain text anywhere; what is encrypted is encrypted whole, for the right keys."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from generator import render, yaml
from generator.errors import GenError, Problem
from generator.secrets import check, encrypted, rules, table
from generator.validate import fields, objects
from generator.validate.cluster import Cluster

_TEXTS = (".yaml", ".yml", ".json")
_NOT_OURS = ("node_modules", "__pycache__")  # and every folder with a dot: .git, .venv
_SECRET = re.compile(rb"""kind["']?[ \t]*:[ \t]*["']?Secret\b""")


def plain_secret(root: Path) -> Iterator[Problem]:
    """A Secret in any file of the repository whose data anybody can read, all or a part."""
    for path in _files(root):
        data = (root / path).read_bytes()
        if _SECRET.search(data):
            for line, text in yaml.split(data.decode(errors="replace")):
                yield from _plain(path, line, text)


def _plain(path: PurePosixPath, line: int, text: str) -> Iterator[Problem]:
    try:
        document = yaml.read(text)
    except yaml.Invalid:  # not for us to say: a template, or what kustomize refuses to build
        return
    if fields.text(document.values, "kind") != "Secret":
        return
    if fields.at(document.values, "sops"):
        for problem in encrypted.unencrypted(path, document):
            yield replace(problem, line=line - 1 + (problem.line or 1))
        return
    if encrypted.is_cut(document.values):
        yield Problem(path, None, encrypted.CUT)
        return
    name = fields.text(document.values, "metadata", "name")
    for key in ("data", "stringData"):
        if fields.at(document.values, key):
            yield Problem(path, line, f"Secret/{name}: {key}: {_LEAKED}")


_LEAKED = (
    "a secret in plain text; take it out, count it as leaked, and let gen secrets make a new one"
)


def built_secret(cluster: Cluster) -> Iterator[Problem]:
    """A Secret that stands in no file but is built in plain text: by a generator or a patch."""
    for item in cluster.objects:
        built = (cluster.root / item.path).is_dir()
        if built and item.kind == "Secret" and item.group == "" and not item.is_encrypted:
            for key in ("data", "stringData"):
                if item.values.get(key):
                    yield item.problem(key, _LEAKED)


def encrypted_file(cluster: Cluster) -> Iterator[Problem]:
    """An environment's encrypted file: damaged, in part plain, or for other keys than it should."""
    for kept in table.KEPT:
        path = render.secrets(cluster.environment, kept)
        if (cluster.root / path).exists():
            yield from _encrypted(cluster.root, path, kept)


def _encrypted(root: Path, path: PurePosixPath, kept: table.Kept) -> Iterator[Problem]:
    try:
        document = encrypted.read(path, objects.source(root, path))
        yield from encrypted.problems(path, kept, document, _recipients(root, path))
    except GenError as error:
        yield from error.problems


def damaged(cluster: Cluster) -> Iterator[PurePosixPath]:
    """Yield the environment's encrypted files of which nobody can tell what they hold."""
    for kept in table.KEPT:
        path = render.secrets(cluster.environment, kept)
        if (cluster.root / path).exists():
            try:
                encrypted.read(path, objects.source(cluster.root, path))
            except GenError:
                yield path


def _recipients(root: Path, path: PurePosixPath) -> list[str]:
    known = (root / rules.PATH).exists()
    return rules.recipients(objects.source(root, rules.PATH) if known else "", path)


def not_initialised(cluster: Cluster) -> Iterator[Problem]:
    """An environment with sops whose secrets nobody has made yet."""
    path = render.secrets(cluster.environment)
    if cluster.environment.secrets.provider == "sops" and not (cluster.root / path).exists():
        name = cluster.environment.name
        yield Problem(path, None, f"not initialised: gen secrets init --env {name}")


def awaited(cluster: Cluster) -> Iterator[Problem]:
    """A secret that `gen` cannot make, and that nobody has put into its encrypted file yet."""
    env = cluster.environment
    there = (cluster.root / render.secrets(env)).exists() and not any(damaged(cluster))
    if env.secrets.provider != "sops" or not there:
        return
    for secret in table.needed(env):
        held = cluster.index.get(("Secret", secret.kept.namespace, secret.kept.name))
        if not secret.generated and not (held and fields.at(held.values, "data", secret.key)):
            who = "MLflow's pods wait" if secret.kept is table.PODS else "Flux waits"
            message = f"{secret.name}: {who} for it: {check.cure(env, secret)}"
            yield Problem(render.secrets(env, secret.kept), None, message)


def decryption(cluster: Cluster) -> Iterator[Problem]:
    """A Kustomization that applies what sops encrypted and cannot decrypt it."""
    for kustomization in cluster.kustomizations:
        secrets = [item.name for item in kustomization.applied if item.is_encrypted]
        provider = fields.text(kustomization.object.values, "spec", "decryption", "provider")
        if secrets and provider != "sops":
            message = f"must be sops: {', '.join(secrets)} is encrypted"
            yield kustomization.object.problem("spec.decryption.provider", message)


def _files(root: Path) -> Iterator[PurePosixPath]:
    """Every YAML and JSON file that is part of the repository."""
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _NOT_OURS
        )
        for file in (Path(directory, name) for name in sorted(names) if name.endswith(_TEXTS)):
            if file.is_file() and os.access(file, os.R_OK):
                yield PurePosixPath(file.relative_to(root))
