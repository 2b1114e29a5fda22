"""Crawls: records of WARC and ARC files, and the HTTP answers in them."""
