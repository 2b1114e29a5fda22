"""Sections of the recipe on the model and its training."""
