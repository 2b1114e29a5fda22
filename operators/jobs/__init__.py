"""A stage's or a gate's Ray job: the operators that want it, the triggers that follow it, and what is told of it."""
