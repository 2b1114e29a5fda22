"""Curves for TensorBoard: kept in the lake, mirrored, and served to those who have the token."""
