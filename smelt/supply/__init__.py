"""What there is of text for what a recipe asks: forecasts before anything is made, the ladder of dedup, repetition."""
