"""Rule sets to begin with, as data: rule name to ``drop_if`` expression; the first that holds is the reason.

``gopher``, ``gopher-repetition``, ``c4`` and ``fineweb`` are the published English rule sets at their published
limits (https://arxiv.org/abs/2112.11446 table A1, https://arxiv.org/abs/1910.10683 section 2.2,
https://arxiv.org/abs/2406.17557 section 3.6), and ``refinedweb`` is the limit of RefinedWeb's line rules
(https://arxiv.org/abs/2306.01116 appendix G.2), which drops a document where they would take more than 5 % of its
words. They were made for web pages in English: at these limits hardly any Chinese page and no source file is left,
so ``zh-web`` and ``code`` have limits of their own, and ``docs`` is for manuals and books, where code blocks and
lists are no sign of poor text.
"""

_REPETITION_EN = {
    "dup_paragraphs": "dup_paragraph_share > 0.3",
    "dup_paragraph_chars": "dup_paragraph_char_share > 0.2",
    "dup_lines": "dup_line_share > 0.3",
    "dup_line_chars": "dup_line_char_share > 0.2",
    "top_2_gram": "top_2_gram_share > 0.2",
    "top_3_gram": "top_3_gram_share > 0.18",
    "top_4_gram": "top_4_gram_share > 0.16",
    "dup_5_gram": "dup_5_gram_share > 0.15",
    "dup_6_gram": "dup_6_gram_share > 0.14",
    "dup_7_gram": "dup_7_gram_share > 0.13",
    "dup_8_gram": "dup_8_gram_share > 0.12",
    "dup_9_gram": "dup_9_gram_share > 0.11",
    "dup_10_gram": "dup_10_gram_share > 0.10",
}

_SOUND = {
    "empty": "num_chars = 0",
    "garbled": "garbled_share > 0.01",
}

PRESETS: dict[str, dict[str, str]] = {
    "any": {**_SOUND, "short": "num_chars < 100"},
    "gopher": {
        "gopher_short": "num_plain_words < 50",
        "gopher_long": "num_plain_words > 100000",
        "gopher_short_words": "mean_word_length < 3",
        "gopher_long_words": "mean_word_length > 10",
        "gopher_hashes": "num_hashes > 0.1 * num_words",
        "gopher_ellipses": "num_ellipses > 0.1 * num_words",
        "gopher_bullets": "bullet_line_share > 0.9",
        "gopher_ellipsis_lines": "ellipsis_line_share > 0.3",
        "gopher_few_alpha_words": "alpha_word_share < 0.8",
        "gopher_few_stop_words": "num_stop_words < 2",
    },
    "gopher-repetition": _REPETITION_EN,
    "c4": {
        "c4_lorem_ipsum": "c4_lorem_ipsum > 0",
        "c4_curly_bracket": "c4_curly_bracket > 0",
        "c4_few_sentences": "c4_sentences < 5",
    },
    "fineweb": {
        "fineweb_few_terminal_lines": "terminal_line_share < 0.12",
        "fineweb_short_lines": "short_line_share > 0.67",
        "fineweb_dup_chars": "dup_line_chars > 0.01 * (num_chars - num_newlines)",
        "fineweb_list": "num_newlines > 0.3 * num_words",
    },
    "refinedweb": {"refinedweb_furniture": "furniture_word_share > 0.05"},
    "docs": {
        **_SOUND,
        "short": "num_plain_words < 30",
        "long_words": "mean_word_length > 12",
        "few_letters": "latin_share + cjk_share + other_letter_share < 0.5",
        "no_function_words": "num_stop_words < 2",
        "dup_lines": "dup_line_share > 0.4",
        "dup_line_chars": "dup_line_char_share > 0.3",
        "top_2_gram": "top_2_gram_share > 0.2",
        "top_4_gram": "top_4_gram_share > 0.16",
        "dup_5_gram": "dup_5_gram_share > 0.5",
        "dup_10_gram": "dup_10_gram_share > 0.35",
    },
    "zh-web": {
        **_SOUND,
        "short": "num_chars < 60",
        "few_han": "cjk_share < 0.2",
        "few_letters": "latin_share + cjk_share + other_letter_share < 0.5",
        "no_function_words": "zh_function_share < 0.01",
        "dup_lines": "dup_line_share > 0.4",
        "dup_line_chars": "dup_line_char_share > 0.3",
        "top_2_gram": "top_2_gram_share > 0.2",
        "top_4_gram": "top_4_gram_share > 0.16",
        "dup_5_gram": "dup_5_gram_share > 0.6",
        "dup_10_gram": "dup_10_gram_share > 0.4",
    },
    "code": {
        **_SOUND,
        "short": "num_chars < 100",
        "long_line": "longest_line > 1000",
        "long_lines": "mean_line_length > 100",
        "few_letters": "alnum_share < 0.25",
        "dup_lines": "dup_line_char_share > 0.5",
        "dup_10_gram": "dup_10_gram_share > 0.6",
    },
}
