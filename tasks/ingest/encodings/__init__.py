"""Bytes to text: which encoding, and the characters that it gives."""
