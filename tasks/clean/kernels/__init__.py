"""What kernels of edits, personal data and signals share: bytes, code points, character classes, tries."""
