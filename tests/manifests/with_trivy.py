"""trivy finds nothing in what Flux applies, but for exceptions.yaml.

`make prove` runs it: building trivy takes ten minutes, and it judges what checkov judges.
"""

import pytest

from tests.manifests import scanners

pytestmark = pytest.mark.timeout(1800)  # the first run on a machine builds trivy


def test_trivy_finds_what_is_excepted_and_nothing_else(tmp_path):
    scanners.finds_what_is_excepted_and_nothing_else("KSV", tmp_path)


def test_trivy_finds_a_privileged_container(tmp_path):
    scanners.finds_a_privileged_container("KSV", "KSV-0017", tmp_path)
