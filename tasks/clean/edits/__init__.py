"""Edits of a text's form: Unicode, layout, boilerplate lines."""
