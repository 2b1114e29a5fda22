"""Blocks on their way to the trainer: which ones, in what order, fetched ahead, as batches."""
