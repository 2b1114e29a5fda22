"""Peers that need an environment of their own: scripts that run there, and what runs them."""
