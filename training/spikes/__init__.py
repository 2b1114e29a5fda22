"""Spikes of the loss: the guard that sees them, and the events that are written down."""
