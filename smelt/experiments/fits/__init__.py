"""What is read out of an experiment's figures: laws, their intervals, and what they say of other sizes.

These modules know arrays and numbers alone, no recipe and no lake.
"""
