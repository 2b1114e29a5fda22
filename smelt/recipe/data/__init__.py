"""Sections of the recipe on documents and tokens."""
