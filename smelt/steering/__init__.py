"""Steering a run that is under way: another way on from a checkpoint, what it takes anew, and where it stops."""
