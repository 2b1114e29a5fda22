"""What ``bench.worth`` compares: raw input, what each way of cleaning makes of it, and models that learn from it."""
