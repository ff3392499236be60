"""gen validate before files that are no manifests, and folders that do not build: a line each."""

import os
from pathlib import PurePosixPath

import pytest

from generator import environment
from generator.validate import validate

PROD = PurePosixPath("clusters/prod")


def said(tree):
    return [str(problem) for problem in validate(tree, environment.load(tree), print).problems]


def binary(tree):
    (tree / PROD / "more.yaml").write_bytes(b"\x00\xff\xfe" * 1000)


def not_utf_8(tree):
    (tree / PROD / "more.yaml").write_bytes(b"a: 1\nb: \xff\n")


def nul(tree):
    (tree / PROD / "more.yaml").write_text("a: 1\nb: \0\n")


def large(tree):
    (tree / PROD / "more.yaml").write_text("a: " + "x" * 10_000_000)


def link(tree):
    (tree / PROD / "more.yaml").symlink_to("nowhere")


def pipe(tree):
    os.mkfifo(tree / PROD / "more.yaml")


def bottomless(tree):
    (tree / PROD / "more.yaml").write_text("[" * 10_000)


def no_names(tree):
    (tree / PROD / "more.yaml").write_text("apiVersion: 3\nkind: [a]\nmetadata: text\n")


STUPID = {
    binary: "clusters/prod/more.yaml:1: not UTF-8; save the file as UTF-8",
    not_utf_8: "clusters/prod/more.yaml:2: not UTF-8; save the file as UTF-8",
    nul: "clusters/prod/more.yaml:2: holds the control character U+0000; remove it",
    large: "clusters/prod/more.yaml: is larger than 1 MiB; Kubernetes takes no object of that size",
    link: "clusters/prod/more.yaml: is a link, or no file at all, which Flux leaves out; "
    "put the file itself here",
    pipe: "clusters/prod/more.yaml: is a link, or no file at all, which Flux leaves out; "
    "put the file itself here",
    bottomless: "clusters/prod/more.yaml:1: is nested too deeply: hundreds of lists or mappings",
    no_names: "clusters/prod/more.yaml:1: is no Kubernetes object: "
    "apiVersion, kind, metadata.name is missing",
}


@pytest.mark.parametrize("accident", STUPID, ids=lambda accident: accident.__name__)
def test_a_file_that_is_no_manifest_is_one_line(accident, tree):
    accident(tree)

    assert said(tree) == [STUPID[accident]]


def kustomization_binary(folder):
    (folder / "kustomization.yaml").write_bytes(b"\x00\xff" * 1000)


def kustomization_directory(folder):
    (folder / "kustomization.yaml").unlink()
    (folder / "kustomization.yaml").mkdir()


def kustomization_large(folder):
    (folder / "kustomization.yaml").write_text("a: " + "x" * 10_000_000)


def kustomization_outside(folder):
    (folder / "kustomization.yaml").write_text("resources: [../../../../../../../../elsewhere]\n")


def resource_binary(folder):
    (folder / "vault.yaml").write_bytes(b"\x00\xff" * 1000)


def resource_list(folder):
    (folder / "vault.yaml").write_text("- a\n")


@pytest.mark.parametrize(
    "accident",
    [
        kustomization_binary,
        kustomization_directory,
        kustomization_large,
        kustomization_outside,
        resource_binary,
        resource_list,
    ],
    ids=lambda accident: accident.__name__,
)
def test_what_cannot_be_built_is_one_line(accident, tree):
    accident(tree / "apps/mlflow/overlays/prod/server")

    (line,) = said(tree)

    assert line.startswith("apps/mlflow/overlays/prod/server: kustomize: ")
    assert len(line) < 1000
    assert str(tree) not in line
