"""Every environment of this repository and of the golden cases, built."""

import pytest

from tests.manifests import cases


@pytest.fixture(params=cases.FILES)
def built(request: pytest.FixtureRequest) -> cases.Built:
    """What kustomize makes of one environment's overlays."""
    return cases.case(request.param)
