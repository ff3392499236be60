"""Pods fit their nodes, or the environment file is refused before the scheduler would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.environment import nodes
from generator.environment.mlflow import Memory, Resources
from generator.environment.nodes import Room

DEFAULT = Resources()


@pytest.mark.parametrize(
    ("size", "room"),
    [
        ("Standard_D2as_v5", Room(cpu=1500, memory=6242)),
        ("Standard_D4as_v5", Room(cpu=3460, memory=14434)),
        ("Standard_D4ls_v5", Room(cpu=3460, memory=6242)),
        ("Standard_E8-2ds_v5", Room(cpu=7420, memory=63586)),
        ("Standard_F16s_v2", Room(cpu=15340, memory=30818)),
        ("Standard_B2ms", None),
        ("Standard_NC24ads_A100_v4", None),
        ("D4as_v5", None),
    ],
)
def test_what_a_node_has_for_pods(size, room):
    assert nodes.allocatable(size) == room


@pytest.mark.parametrize(
    ("size", "count", "replicas", "fits"),
    [
        ("Standard_D4as_v5", 1, 1, True),
        ("Standard_D2as_v5", 1, 1, False),  # the extra pod of a rolling update does not fit
        ("Standard_D2as_v5", 2, 1, True),
        ("Standard_D4as_v5", 1, 8, True),
        ("Standard_D4as_v5", 1, 9, False),
    ],
)
def test_whether_they_fit(size, count, replicas, fits):
    assert (nodes.problem(size, count, replicas, DEFAULT) is None) == fits


@given(st.integers(1, 9), st.integers(1, 20), st.sampled_from([2, 4, 8, 16, 32, 64, 96]))
def test_more_nodes_or_larger_ones_never_fit_less(replicas, count, cores):
    def fits(count, cores):
        size = f"Standard_D{cores}as_v5"
        return nodes.problem(size, count, replicas, DEFAULT) is None

    if fits(count, cores):
        assert fits(count + 1, cores)
        assert fits(count, cores * 2)


def test_memory_counts_as_cpu_does():
    pod = Resources(memory=Memory(request="7Gi", limit="7Gi"))
    assert "has room for 1 MLflow pods of 250m and 7Gi" in str(
        nodes.problem("Standard_D4as_v5", 1, 1, pod)
    )


def test_a_small_server_needs_what_its_start_needs():
    pod = Resources(cpu="1m", memory=Memory(request="1Mi", limit="2Gi"))
    assert nodes.problem("Standard_D4as_v5", 1, 9, pod) is None
    assert "has room for 11 MLflow pods" in str(nodes.problem("Standard_D4as_v5", 1, 99, pod))
