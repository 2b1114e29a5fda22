"""Signals: what is measured on a document."""
