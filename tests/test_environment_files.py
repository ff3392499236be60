"""What stands where an environment file should: everything but a values file is refused."""

import os

import pytest

from tests.trees import MINIMAL, write


def refuse(gen, *arguments):
    return gen("render", *arguments, exit_code=1).stderr


def test_no_environment_at_all(gen):
    assert refuse(gen) == "environments: holds no environment; add one: gen new NAME\n"


def test_an_unknown_name_lists_the_known(repo, gen):
    write(repo, "environments/prod.yaml", MINIMAL)
    assert refuse(gen, "--env", "prdo") == (
        "environments/prdo.yaml: no such environment; known: prod\n"
    )


@pytest.mark.parametrize("name", ["Prod", "a_b", "-a", "a" * 21, "1a", "a.b", "../prod", "a b"])
def test_a_name_that_is_no_dns_label(name, gen):
    assert "an environment's name: " in refuse(gen, "--env", name)


@pytest.mark.parametrize("name", ["lib", "facts"])
def test_a_name_that_a_folder_of_infra_has(name, repo, gen):
    write(repo, f"environments/{name}.yaml", MINIMAL)
    assert refuse(gen) == (
        f"environments/{name}.yaml: {name} is a folder of infra/; "
        "choose another name for the environment\n"
    )


@pytest.mark.parametrize("name", ["qa.yml", "qa.YAML"])
def test_a_name_that_nothing_reads(name, repo, gen):
    write(repo, "environments/prod.yaml", MINIMAL)
    write(repo, f"environments/{name}", MINIMAL)
    for other in ("README.md", "schema.json", ".qa.yml", "qa.yaml.orig"):
        write(repo, f"environments/{other}", "\n")
    problem = f"environments/{name}: is not read; name it qa.yaml\n"
    for command in ("render", "check", "list", "validate"):
        assert gen(command, exit_code=1).stderr == problem
    assert refuse(gen, "--env", "qa") == problem
    assert gen("set", "--env", "qa", "apps.mlflow.replicas=2", exit_code=1).stderr == problem
    gen("render", "--env", "prod")


def test_a_name_that_nothing_reads_beside_the_one_that_is(repo, gen):
    write(repo, "environments/qa.yaml", MINIMAL)
    write(repo, "environments/qa.yml", MINIMAL)
    assert refuse(gen) == "environments/qa.yml: is not read, for qa.yaml is; remove one of them\n"


def test_a_name_that_nothing_reads_alone(repo, gen):
    write(repo, "environments/qa.yml", MINIMAL)
    assert refuse(gen) == "environments/qa.yml: is not read; name it qa.yaml\n"


def test_a_symbolic_link(repo, gen):
    write(repo, "elsewhere.yaml", MINIMAL)
    (repo / "environments/prod.yaml").symlink_to("../elsewhere.yaml")
    assert refuse(gen) == ("environments/prod.yaml: is a symbolic link; put the file itself here\n")


def test_a_directory(repo, gen):
    (repo / "environments/prod.yaml").mkdir()
    assert refuse(gen) == "environments/prod.yaml: is no regular file; put a file here\n"


def test_a_pipe_does_not_hang(repo, gen):
    os.mkfifo(repo / "environments/prod.yaml")
    assert refuse(gen) == "environments/prod.yaml: is no regular file; put a file here\n"


def test_ten_megabytes(repo, gen):
    write(repo, "environments/prod.yaml", "#" * 10_000_000)
    assert refuse(gen) == (
        "environments/prod.yaml: is larger than 256 KiB; this is no values file\n"
    )


def test_every_problem_of_every_environment_at_once(repo, gen):
    for name in ("b", "a"):
        write(repo, f"environments/{name}.yaml", "azure: {}\nnope: 1\n")
    problems = refuse(gen).splitlines()
    assert [problem.split(":")[0] for problem in problems] == [
        *["environments/a.yaml"] * 7,
        *["environments/b.yaml"] * 7,
    ]


def test_a_broken_neighbour_does_not_stop_a_chosen_environment(repo, gen):
    write(repo, "environments/good.yaml", MINIMAL)
    write(repo, "environments/broken.yaml", "azure: [\n")
    gen("render", "--env", "good")
    assert "environments/broken.yaml:2: " in refuse(gen)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("azure.resource_group", "  resource_group: rg-mlflow-test"),
        ("apps.mlflow.artifacts.account", "      account: mlflowtest0aa3981a"),
        ("apps.mlflow.exposure.dns_label", "      dns_label: mlflow"),
        ("secrets.key_vault", "  key_vault: kv-mlflow"),
    ],
)
def test_two_environments_that_would_act_on_one_another(key, line, repo, gen):
    """Each differs from the other in everything but one name."""
    text = MINIMAL.replace("provider: sops", "provider: sops\n  key_vault: kv-mlflow").replace(
        "      allowed", "      dns_label: mlflow\n      allowed"
    )
    other = text
    for name in ("rg-mlflow-test", "mlflowtest0aa3981a", "dns_label: mlflow", "kv-mlflow"):
        if name not in line:
            other = other.replace(name, f"{name}2")
    assert line in text
    assert line in other
    write(repo, "environments/one.yaml", text)
    write(repo, "environments/two.yaml", other)

    problem = refuse(gen)

    number = other.splitlines().index(line) + 1
    assert problem == (
        f"environments/two.yaml:{number}: {key}: is one's too (environments/one.yaml), and each "
        "would act on the other's; give one of them another name\n"
    )


def test_two_environments_in_one_group_whatever_the_case(repo, gen):
    """Azure's names have no case, and `destroy --delete-data` takes the disks of the group."""
    other = MINIMAL.replace("mlflowtest0", "mlflowother0").replace("aks-mlflow-test", "aks-other")
    write(repo, "environments/one.yaml", MINIMAL)
    write(repo, "environments/two.yaml", other.replace("rg-mlflow", "RG-MLflow"))
    assert refuse(gen) == (
        "environments/two.yaml:3: azure.resource_group: is one's too (environments/one.yaml), and "
        "each would act on the other's; give one of them another name\n"
    )
