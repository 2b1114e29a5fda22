"""Raw files fetched from where others publish them."""
