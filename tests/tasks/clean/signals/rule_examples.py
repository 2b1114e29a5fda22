"""Of each public rule a text that trips it, and one that just does not: by preset and rule."""

# ruff: noqa: E501

FURNITURE = "HOME PAGE NEWS\n1234 56\n3 likes\nSubscribe\n"
EXAMPLES = {
    ("refinedweb", "refinedweb_furniture"): (
        FURNITURE + "A sentence of text that stands on the page among all of that. " * 8,
        FURNITURE + "A sentence of text that stands on the page among all of that. " * 14,
    ),
    # preset: rule, a text that trips it, one that just does not
    ("gopher", "gopher_short"): ("the cat sat and " * 12, "the cat sat and " * 13),
    ("gopher", "gopher_short_words"): ("it is to be or so of and we " * 8, "the cat and dog that have sat with him " * 8),
    ("gopher", "gopher_long_words"): (
        "incomprehensibilities and counterrevolutionaries of the " * 14,
        "understanding and considerations of the " * 14,
    ),
    ("gopher", "gopher_hashes"): ("the # cat of ours and that " * 12, "the cat # of ours and that one by the door " * 12),
    ("gopher", "gopher_ellipses"): ("the cat... and the dog " * 14, "the cat and the dog that have gone home... " * 14),
    ("gopher", "gopher_bullets"): ("- the cat and the dog of ours\n" * 10, "- the cat and the dog\nof ours that have gone\n" * 8),
    ("gopher", "gopher_ellipsis_lines"): (
        "the cat and the dog and all of the rest that is of ours went home in the end, and slept there...\nThe end of it, to be told.\n" * 8,
        "the cat and the dog and all of the rest that is of ours went home in the end, and slept there...\nThe end of it.\nAnd more.\nAnd more to be told.\n" * 6,
    ),
    ("gopher", "gopher_few_alpha_words"): ("the cats 1200 34500 and 6000 of 7000 that " * 12, "the cats and 6000 of the dogs that have come home 7000 times " * 12),
    ("gopher", "gopher_few_stop_words"): ("cats purr softly beside the stove " * 12, "the cats purr and sleep beside a stove " * 12),
    ("c4", "c4_lorem_ipsum"): ("Lorem ipsum dolor sit amet.", "Lorem, said the printer, is dull text."),
    ("c4", "c4_curly_bracket"): ("If the key is {name} then stop here.", "If the key is (name) then stop here."),
    ("c4", "c4_few_sentences"): (
        "One sentence stands here. Another one follows it. A third comes.",
        "One sentence stands here. Another one follows it. A third comes. A fourth is there. So is a fifth.",
    ),
    ("fineweb", "fineweb_few_terminal_lines"): (
        "\n".join(f"Item number {n} of the long list we keep in the office" for n in range(10)) + "\nThe end of it.",
        "\n".join(f"Item number {n} of the long list we keep in the office" for n in range(6)) + "\nThe end of it.",
    ),
    ("fineweb", "fineweb_short_lines"): (
        "\n".join(f"Short line {n}." for n in range(9)) + "\n" + "This line is a good deal longer than thirty. " * 2,
        "\n".join(f"Short line {n}." for n in range(3)) + "\nThis line is a good deal longer than thirty." * 2,
    ),
    ("fineweb", "fineweb_dup_chars"): (
        "The same line stands here twice, word for word.\n" * 2 + "Another line ends the page for the reader.",
        "A line stands here only once, word for word.\nAnother line ends the page for the reader.",
    ),
    ("fineweb", "fineweb_list"): (
        "\n".join(f"a line of {n}, more than thirty characters long.".replace(" ", "_") for n in range(9)),
        "\n".join(f"This is the line {n} of a text with many words in it." for n in range(9)),
    ),
    ("gopher-repetition", "dup_paragraphs"): ("One paragraph.\n\nOne paragraph.\n\nThe other one, longer.", "One.\n\nTwo.\n\nThree."),
    ("gopher-repetition", "dup_lines"): ("A line.\nA line.\nThe longer other line of the two, as it is.", "A line.\nOne more.\nThe last."),
    ("gopher-repetition", "top_2_gram"): ("In new york we met, new york we left, new york it was, a city.", "In new york we met, but left it when winter came, for a city of light by the sea."),
    ("gopher-repetition", "dup_5_gram"): (
        "So it is to us that the quick red foxes run homewards. Nobody else had ever seen them, or said as much. So it is to us that the quick red foxes run homewards.",
        "So it is to us that the quick red foxes run homewards. Nobody else had ever seen them, or said as much. It was the first time in years, and we told no one.",
    ),
}  # fmt: skip
