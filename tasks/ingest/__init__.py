"""Raw files to documents. Nothing is imported here, so that the PDF reader's process starts with what it needs."""
