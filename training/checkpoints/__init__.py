"""Checkpoints: written, read, loaded for evaluation; weights that come from elsewhere."""
