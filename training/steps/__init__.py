"""Steps: the loop over blocks, the trainer that takes a step, its figures, profiles and notices."""
