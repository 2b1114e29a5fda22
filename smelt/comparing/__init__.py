"""Two runs side by side: what differs, and whether a difference is chance."""
