"""checkov finds nothing in what Flux applies, but for exceptions.yaml."""

import pytest

from tests.manifests import scanners

pytestmark = pytest.mark.timeout(600)  # the first run on a machine installs checkov


def test_checkov_finds_what_is_excepted_and_nothing_else(tmp_path):
    scanners.finds_what_is_excepted_and_nothing_else("CKV", tmp_path)


def test_checkov_finds_a_privileged_container(tmp_path):
    scanners.finds_a_privileged_container("CKV", "CKV_K8S_16", tmp_path)


def test_every_exception_has_a_reason_and_names_real_checks():
    for entry in scanners.EXCEPTIONS:
        assert entry["reason"]
        assert all(check.startswith(tuple(scanners.SCANNERS)) for check in entry["checks"])
