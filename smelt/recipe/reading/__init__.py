"""From a file and what is laid over it to a checked recipe."""
