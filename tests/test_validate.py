"""gen validate as a user meets it, and what it must stand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import environment, programs
from generator.errors import GenError
from generator.validate import kubeconform, kustomize, objects, schemas, validate
from generator.validate.cluster import Cluster, Kustomization
from generator.validate.rules import NOTICES, RULES, RULES_OF_THE_WHOLE, WARNINGS, advice
from tests.trees import MINIMAL, ROOT, write

PROD = PurePosixPath("clusters/prod")


def gen(*arguments, cwd=ROOT, before=(), **variables):
    return subprocess.run(
        [*before, sys.executable, "-m", "generator", *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def without_network():
    """The words in front of a command that let it reach no address at all."""
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]


def report(tree):
    return validate(tree, environment.load(tree), print)


def said(tree):
    return [str(problem) for problem in report(tree).problems]


def test_this_repository_is_valid_and_no_network_is_needed():
    gen("validate")  # whatever is missing is installed here

    result = gen("validate", before=without_network())

    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith(": no problems, 6 warnings\n")
    assert "Traceback" not in result.stderr


def test_warnings_and_notices_do_not_fail():
    result = gen("validate", "--env", "staging")

    assert re.fullmatch(r"1 environment, \d+ objects: no problems, 2 warnings\n", result.stdout)
    assert result.stderr.splitlines() == [
        "notice: apps/mlflow/overlays/staging/data/secrets.sops.yaml: "
        "not initialised: gen secrets init --env staging",
        "warning: environments/staging.yaml: apps.mlflow.exposure.kind: user names and passwords "
        "cross the network in clear text: exposure.tls gives it https",
        "warning: environments/staging.yaml: apps.mlflow.image.tag: "
        "MLflow 2.22.0 has CVE-2025-11201, fixed in 2.22.4",
    ]


def test_problems_go_to_stderr_and_exit_1(tree):
    write(tree, "clusters/prod/more.yaml", "a: 1\n")

    result = gen("-C", str(tree), "validate", "--env", "prod")

    assert result.returncode == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    missing = "apiVersion, kind, metadata.name is missing"
    assert f"clusters/prod/more.yaml:1: is no Kubernetes object: {missing}" in lines
    assert lines[-1].startswith("1 environment, 16 objects: ")


def test_environment_files_come_first(tree):
    write(tree, "environments/prod.yaml", MINIMAL.replace("sops", "sopps"))
    write(tree, "clusters/dev/more.yaml", "a: 1\n")

    result = gen("-C", str(tree), "validate")

    assert result.returncode == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["environments/prod.yaml"]


def test_a_tree_that_is_not_rendered_is_one_line(repo):
    write(repo, "environments/test.yaml", MINIMAL)
    shutil.copytree(ROOT / "apps", repo / "apps", ignore=shutil.ignore_patterns("overlays"))
    (repo / "tools").symlink_to(ROOT / "tools")

    result = gen("-C", str(repo), "validate")

    assert result.returncode == 1
    told = [line for line in result.stderr.splitlines() if line.startswith("environments:")]
    assert len(told) == 1
    assert told[0].endswith(
        'files not as the values say ("gen check" shows them); run "gen render"'
    )


def test_a_secret_that_will_be_made_counts_as_there(tree):
    (tree / "apps/mlflow/overlays/dev/data/secrets.sops.yaml").unlink()
    kustomization = tree / "apps/mlflow/overlays/dev/data/kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("  - secrets.sops.yaml\n", ""))

    found = report(tree)

    assert found.problems == ()
    assert [str(notice) for notice in found.notices] == [
        "apps/mlflow/overlays/dev/data/secrets.sops.yaml: "
        "not initialised: gen secrets init --env dev"
    ]


def test_the_folder_of_flux_bootstrap_is_its_own(tree):
    folder = tree / PROD / "flux-system"
    write(folder, "kustomization.yaml", "resources: [gotk-components.yaml]\n")
    write(folder, "gotk-components.yaml", "kind: Junk\n")

    assert said(tree) == []


def test_a_kustomization_in_an_overlay_is_built_too(tree):
    inner = (tree / PROD / "mlflow-data.yaml").read_text()
    inner = inner.replace("mlflow-data", "inner").replace("overlays/prod/data", "inner")
    write(tree, "apps/mlflow/overlays/prod/server/inner.yaml", inner)
    write(tree, "apps/mlflow/inner/kustomization.yaml", "resources: [nothing.yaml]\n")
    kustomization = tree / "apps/mlflow/overlays/prod/server/kustomization.yaml"
    kustomization.write_text(
        kustomization.read_text().replace("vault.yaml", "vault.yaml\n  - inner.yaml")
    )

    assert [line.split(": ")[0] for line in said(tree)] == ["apps/mlflow/inner"]


def test_a_pinned_digest_needs_no_tag(tree):
    file = tree / "apps/mlflow/base/data/postgresql.yaml"
    digest = "sha256:" + "0" * 64
    file.write_text(file.read_text().replace("postgres:17.11", f"postgres@{digest}"))

    assert said(tree) == []


CRON_TAB = """\
apiVersion: stable.example.com/v1
kind: CronTab
metadata:
  name: nightly
  namespace: mlflow
spec:
  cron: "* * * * *"
  when: 5
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: crontabs.stable.example.com
spec:
  group: stable.example.com
  names:
    kind: CronTab
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                cron:
                  type: string
                  nullable: true
                when:
                  x-kubernetes-int-or-string: true
"""


@pytest.fixture
def own_tools(tree, tmp_path, monkeypatch):
    """Let the tree's tools/ take a folder of its own, and make every schema anew."""
    report(tree)  # whatever is missing is installed here
    (tmp_path / "mlflow-gitops").mkdir()
    for folder in programs.cache().iterdir():
        if not folder.name.startswith("schemas-"):
            (tmp_path / "mlflow-gitops" / folder.name).symlink_to(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tree / "tools").unlink()
    (tree / "tools").mkdir()
    for tool in (ROOT / "tools").iterdir():
        (tree / "tools" / tool.name).symlink_to(tool)


def test_a_kind_is_known_once_its_definition_is_there(tree, own_tools):
    write(tree, "tools/crds/cron-tab.yaml", DEFINITION)
    write(tree, "clusters/prod/cron-tab.yaml", CRON_TAB)
    assert said(tree) == []

    write(tree, "clusters/prod/cron-tab.yaml", CRON_TAB.replace("when", "wenn"))
    assert said(tree) == [
        "clusters/prod/cron-tab.yaml: CronTab/nightly: spec.wenn: "
        "unknown field; did you mean when? (Kubernetes 1.36)"
    ]


@pytest.mark.parametrize("text", ["a: [", "- a", "spec: {}", "spec: {versions: [a]}", "spec: 1"])
def test_a_definition_that_is_none_is_named(text, tree, own_tools):
    write(tree, "tools/crds/junk.yaml", text)

    with pytest.raises(GenError) as error:
        report(tree)

    assert str(error.value) == (
        "tools/crds/junk.yaml: is no CustomResourceDefinition; put one here or none"
    )


def test_schemas_are_made_once_and_tools_found_again(own_tools):
    heard = []

    first = schemas.kubernetes(ROOT, "1.36", heard.append)
    second = schemas.kubernetes(ROOT, "1.36", heard.append)

    assert first == second
    assert [line.partition(", once, in ")[0] for line in heard] == [
        "making the schemas of kubernetes-1.36"
    ]


def test_a_build_that_waits_is_ended(tree, monkeypatch):
    monkeypatch.setattr(kustomize, "_PATIENCE", 0.0)
    with pytest.raises(GenError, match="took more than 0 s; does it ask the network"):
        kustomize.build(Path("/bin/sleep"), tree, PurePosixPath("60"))


def test_a_judge_that_fails_is_no_pass(tree):
    item = objects.read(PROD, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    with pytest.raises(GenError, match="/bin/false: failed"):
        kubeconform.judge(Path("/bin/false"), [], item)


def parts(values):
    """Every place in `values`: a way to reach it."""
    yield ()
    if isinstance(values, dict | list):
        for key in values if isinstance(values, dict) else range(len(values)):
            yield from ((key, *rest) for rest in parts(values[key]))


def replaced(values, location, new):
    if not location:
        return new
    copy = values.copy()
    copy[location[0]] = replaced(values[location[0]], location[1:], new)
    return copy


def good_objects():
    """Every object of the good tree, and a few of kinds that it lacks."""
    files = sorted((ROOT / "tests/unbroken").rglob("[!.]*.yaml"))
    texts = [file.read_text() for file in files if "environments" not in file.parts]
    found = [objects.read(PROD, text) for text in texts if "kind: Kustomization" not in text]
    flux = (ROOT / "tests/unbroken" / PROD / "mlflow-server.yaml").read_text()
    return [item for items in (*found, objects.read(PROD, flux)) for item in items]


GOOD = good_objects()
ENVIRONMENTS = environment.load(ROOT / "tests/unbroken")
junk = st.sampled_from([None, True, 3, "", "text", "${a", [], [None], ["a"], {}, {"name": 3}])


@given(st.data())
def test_rules_stand_any_value_anywhere(data):
    item = data.draw(st.sampled_from(GOOD))
    place = data.draw(st.sampled_from(list(parts(item.values))[1:]))
    values = replaced(item.values, place, data.draw(junk))
    broken = objects.Object(item.path, values, "${")
    everything = (*(other for other in GOOD if other is not item), broken)
    applied = tuple(Kustomization(other, PROD, everything) for other in everything if other.is_flux)

    for env in ENVIRONMENTS:
        cluster = Cluster(ROOT / "tests/unbroken", env, everything, everything, applied, True)
        for rule in {**RULES, **RULES_OF_THE_WHOLE, **WARNINGS, **NOTICES}.values():
            assert all(problem.message for problem in rule(cluster))


@pytest.mark.parametrize(
    ("tag", "warned"),
    [("2.22.0", True), ("2.22.1", True), ("3.16.0", False)],
)
def test_only_a_vulnerable_version_is_warned_of(tag, warned, tree):
    file = tree / "environments/prod.yaml"
    image = f"    image:\n      tag: '{tag}'\n    exposure:"
    file.write_text(file.read_text().replace("    exposure:", image))

    told = [str(warning) for warning in report(tree).warnings if "CVE" in str(warning)]

    assert any("prod.yaml" in line for line in told) is warned


@pytest.mark.parametrize("lost", ["authorize.py", "routes.py"])
def test_a_server_without_a_file_that_closes_holes_is_warned_of(lost):
    (env,) = environment.load(ROOT, ["prod"])
    files = {path.name: "" for path in (ROOT / "apps/mlflow/base/server").glob("*.py")}
    values = {"kind": "ConfigMap", "metadata": {"name": "mlflow"}}
    whole, lacking = (
        objects.Object(PROD, {**values, "data": data}, "")
        for data in (files, {name: "" for name in files if name != lost})
    )
    told = [
        [str(problem) for problem in advice.unguarded(Cluster(ROOT, env, (), (), applied, True))]
        for applied in ((Kustomization(one, PROD, (one,)),) for one in (whole, lacking))
    ]
    assert told[0] == []
    assert f"ConfigMap mlflow lacks {lost}: users get past" in told[1][0]


def test_every_version_is_judged_once(tree, monkeypatch):
    runs = []
    run = kubeconform._run

    def counted(program, sets, texts):
        runs.append(sorted(folder.name.rpartition("-")[0] for folder in sets))
        return run(program, sets, texts)

    monkeypatch.setattr(kubeconform, "_run", counted)
    report(tree)

    assert sorted(runs) == [
        ["schemas-flux-2.6", "schemas-secrets-store"],
        ["schemas-flux-2.9", "schemas-secrets-store"],
        ["schemas-kubernetes-1.35", "schemas-secrets-store"],
        ["schemas-kubernetes-1.36", "schemas-secrets-store"],
    ]
