"""The report of a run: one page that says what came in, what was kept and why, and what the model learnt."""
