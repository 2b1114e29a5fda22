"""Experiments: many runs of one recipe with values varied, and what follows from them for a larger run."""
