"""Large counts as people write them: ``20B`` for 20,000,000,000."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_UNITS = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


def _amount(value: Any) -> Any:
    """The number that a text such as ``1.5M`` stands for; what is no such text as it is."""
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMBT])", value.strip())):
        return round(float(found[1]) * _UNITS[found[2]])
    return value


Amount = Annotated[int, BeforeValidator(_amount), Field(gt=0)]
"""A whole number above 0, also with k, M, B or T behind it."""
