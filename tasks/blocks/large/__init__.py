"""The order of more documents than one process should hold: the same blocks, from parts of the index and ranges of the
stream."""
