"""The roff language under manual pages: glyphs, escapes, numbers, and the requests that decide what is read."""
