"""The blocks of a page, and what they stand in."""
