"""Documents beside their neighbours: the order ``in_context`` (Shi et al. 2023, *In-Context Pretraining*)."""
