"""Benchmarks: items asked in many forms, and what the answers are worth."""
