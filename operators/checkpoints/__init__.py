"""Checkpoints that are judged while their training goes on: what sees them, and a job for each."""
