"""What the tests of training share."""

from tests.training.pair import pair

__all__ = ["pair"]
