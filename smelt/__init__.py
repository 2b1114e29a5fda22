"""Smelt: the open pretraining refinery."""
