"""Web pages: a tree of the page, its blocks, a decision on each, and the kept ones as light Markdown."""
