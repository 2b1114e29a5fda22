"""What tests of several commands share."""

import pytest

from smelt.lake import Lake
from tests.cli.corpus import Told, tell


@pytest.fixture(scope="package")
def told(s3_settings, tmp_path_factory) -> Told:
    """The lake of ``tests.cli.corpus``; whoever changes anything in it takes it back."""
    return tell(Lake(s3_settings, url="s3://smelt/told"), tmp_path_factory.mktemp("corpus"))
