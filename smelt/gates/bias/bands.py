"""Bands of document length, on a logarithmic scale: two bands a decade of characters."""

EDGES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
"""Characters at which a new band begins."""
BANDS = ("under 100", "100 to 300", "300 to 1k", "1k to 3k", "3k to 10k", "10k to 30k", "30k to 100k", "over 100k")
"""Names of the bands, shortest documents first."""
DIMENSIONS = ("lang", "domain", "source", "length")
"""What documents are grouped by; a domain's label carries its language, such as ``zh/docs``."""
