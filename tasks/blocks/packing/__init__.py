"""Documents laid whole into sequences: the packing ``best_fit`` (Ding et al. 2024, *Fewer Truncations Improve Language
Modeling*)."""
