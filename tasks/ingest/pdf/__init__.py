"""PDFs to text. Nothing is imported here, so that the reader's process starts with what it needs."""
