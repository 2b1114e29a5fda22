"""What ``select`` writes of a part for the page about bias: documents that may be shown, without their text."""

import pyarrow as pa

SUFFIX = ".samples.parquet"
SAMPLE_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("reason", pa.string()),
        ("draw", pa.float64()),
        ("rule", pa.string()),
        ("margin", pa.float64()),
        ("found", pa.float64()),
    ]
)
"""``reason`` is that of a reject; a keep has none, but the nearest ``rule``, its ``margin`` and what was ``found``."""
REJECTS_PER_RULE = 20
KEEPS_SHOWN = 20
