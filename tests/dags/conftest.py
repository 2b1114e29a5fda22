"""What tests of DAGs share."""

import pytest

from smelt.lake import Lake


@pytest.fixture
def here(lake, monkeypatch) -> Lake:
    """This test's lake as the one that tasks connect to."""
    settings = lake.settings.environment() | {"SMELT_LAKE": lake.url}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Lake.connect()
