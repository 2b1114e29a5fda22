"""Runs side by side: what differs, whether a difference is chance, and which begin with the same steps."""
