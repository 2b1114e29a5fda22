"""Places of the figures of a document that the kernels fill: one int64 array for all, handed from kernel to kernel."""

(
    # characters by class, in the order of ``characters``
    OTHER, SPACE, LOWER, UPPER, CJK, LETTER, DIGIT, PUNCTUATION, SYMBOL, GARBLED,
    NEWLINES, HASHES, ELLIPSES, MOJIBAKE, OPENED, CLOSED, FUNCTION_CHARACTERS, DOLLARS,
    # words and sentences
    CHARACTERS, WORDS, PLAIN_WORDS, PLAIN_CHARS, ALPHA_WORDS, STOP_WORDS, FUNCTION_WORDS, SENTENCES, LONGEST_WORD,
    # lines and paragraphs
    LINES, LINE_CHARS, LONGEST_LINE, SHORT, BULLET, ELLIPSIS, ENDED, LISTED, INDENTED, COMMENTS, DUP_LINES,
    DUP_LINE_CHARS, LINE_WORDS, FURNITURE_LINES, FURNITURE_WORDS, PARAGRAPHS, DUP_PARAGRAPHS, DUP_PARAGRAPH_CHARS,
    # lines that are Markdown's structure, and characters that are its marks
    STRUCTURED, STRUCTURED_FEEDS, MARK_SYMBOLS, MARK_PUNCTUATION,
    # C4's line rules
    C4_LINES, C4_SENTENCES, C4_LOREM_IPSUM, C4_CURLY_BRACKET,
    # carried from line to line: the paragraph's hash, characters and lines of prose so far
    PARAGRAPH_HASH, PARAGRAPH_LENGTH, PROSE_LINES,
    NUM_FIGURES,
) = range(57)  # fmt: skip
