"""The columns that are measured on every document, and what each one says.

Counts are whole numbers, shares lie between 0 and 1. A *word* of a text with spaces is what spaCy's
English rules would split off (near enough for the public rule sets to decide alike); a Chinese,
Japanese or Korean ideograph is a word of its own, since every segmenter brings a model's guesses into
what ought to be a measurement.
"""

SIGNALS: dict[str, str] = {
    # size
    "num_bytes": "UTF-8 bytes of the text",
    "num_chars": "characters",
    "num_words": "words, punctuation marks among them",
    "num_plain_words": "words with at least one character that is no punctuation",
    "num_lines": "lines that aren't empty",
    "num_newlines": "line feeds, those in tables, code and formulas of Markdown aside",
    "num_paragraphs": "stretches between empty lines",
    "num_sentences": "ends of sentences (. ! ? … and 。！？)",
    "mean_sentence_length": "characters per sentence",
    "num_tokens_estimate": "about how many tokens a byte-level BPE of 64k would make",
    # characters, as shares of all that aren't whitespace
    "cjk_share": "Han ideographs, kana and hangul",
    "latin_share": "letters of the Latin script",
    "digit_share": "digits",
    "punctuation_share": "punctuation",
    "symbol_share": "symbols (currency, mathematics, arrows, box drawing, emoji)",
    "other_letter_share": "letters of other scripts",
    "space_share": "whitespace, as a share of all characters",
    "upper_share": "capitals, as a share of Latin letters",
    "garbled_share": "replacement and private-use characters, and pairs such as Ã© or â€ that wrong decoding leaves",
    # words
    "mean_word_length": "characters per plain word",
    "longest_word": "characters of the longest run without whitespace",
    "alpha_word_share": "words with a letter in them, as a share of words",
    "num_hashes": "# signs, those of headings and in code of Markdown aside",
    "num_ellipses": "ellipses (... and …)",
    "num_stop_words": "how many of the, be, to, of, and, that, have, with occur (Gopher)",
    "stop_word_share": "English function words, as a share of words",
    "zh_function_share": "的 了 是 在 不 和 有 我 这 个 也 就 与 为, as a share of Han characters",
    # lines
    "mean_line_length": "characters per line that is neither empty nor Markdown's structure",
    "longest_line": "characters of the longest line",
    "short_line_share": "lines of at most 30 characters",
    "bullet_line_share": "lines that begin with a bullet (• or -)",
    "ellipsis_line_share": "lines that end with an ellipsis",
    "terminal_line_share": "lines that end with a sentence's end mark, of those that aren't Markdown's structure",
    "list_line_share": "lines that begin with a bullet or a number, or hold fewer than 4 words",
    "furniture_line_share": "lines of mostly capitals, of numbers, of a counter or of one word (RefinedWeb)",
    "furniture_word_share": "stretches without whitespace that stand in such lines",
    # repetition (Gopher, table A1)
    "dup_line_share": "lines that occurred before",
    "dup_line_char_share": "characters in lines that occurred before",
    "dup_line_chars": "characters in lines that occurred before, counted",
    "dup_paragraph_share": "paragraphs that occurred before",
    "dup_paragraph_char_share": "characters in paragraphs that occurred before",
    "top_2_gram_share": "characters in the most frequent 2-gram",
    "top_3_gram_share": "characters in the most frequent 3-gram",
    "top_4_gram_share": "characters in the most frequent 4-gram",
    "dup_5_gram_share": "characters in 5-grams that occurred before",
    "dup_6_gram_share": "characters in 6-grams that occurred before",
    "dup_7_gram_share": "characters in 7-grams that occurred before",
    "dup_8_gram_share": "characters in 8-grams that occurred before",
    "dup_9_gram_share": "characters in 9-grams that occurred before",
    "dup_10_gram_share": "characters in 10-grams that occurred before",
    # C4: what would be left if its line rules were applied
    "c4_lines": "lines that C4's line rules keep",
    "c4_sentences": "sentences in those lines",
    "c4_lorem_ipsum": "1 when such a line holds 'lorem ipsum'",
    "c4_curly_bracket": "1 when such a line holds a curly bracket",
    # code
    "indent_line_share": "lines that begin with a blank",
    "comment_line_share": "lines that begin with #, //, /*, *, -- or ;",
    "bracket_share": "brackets of all kinds",
    "bracket_imbalance": "|opened - closed| as a share of brackets",
    "alnum_share": "letters and digits, as a share of all characters",
}

EDITS: dict[str, str] = {
    "edit_encoding": "lines repaired that had been decoded wrongly",
    "edit_simplified": "1 when the text had traditional characters, now simplified",
    "edit_unicode": "1 when the text was not in normal form",
    "edit_width": "full-width characters made ASCII",
    "edit_control": "control and invisible characters removed",
    "edit_whitespace": "characters of surplus whitespace removed",
    "edit_boilerplate": "boilerplate lines removed",
    "edit_email": "e-mail addresses replaced",
    "edit_phone": "phone numbers replaced",
    "edit_id_number": "resident identity numbers replaced",
    "edit_bank_card": "bank card numbers replaced",
    "edit_ip": "IP addresses replaced",
    "edit_passport": "passport numbers replaced",
    "edit_plate": "licence plates replaced",
    "edit_social": "WeChat and QQ ids replaced",
    "edit_byline": "names in bylines replaced",
    "edit_secret": "keys and tokens replaced",
}

LABELS: dict[str, str] = {
    "lang": "language: zh, en, code, else the code of fastText's lid.176",
    "lang_score": "confidence of the language, 0 to 1",
    "domain": "domain",
    "domain_score": "confidence of the domain, 0 to 1; null where nothing speaks for one",
    "source": "name of the source in the recipe",
    "format": "format of the raw document",
    "url": "where the document was found",
}

COLUMNS: dict[str, str] = {**SIGNALS, **EDITS, **LABELS}
"""All columns that a rule may speak of; models add columns whose names begin with ``score_``, and keyword lists those
that begin with ``keywords_``."""
TEXTS = frozenset({"lang", "domain", "source", "format", "url"})
"""Those that hold words; all others hold numbers."""
