"""A page's bytes to a tree in arrays."""
