"""Formulas of pages as TeX."""
