"""Keys of a known form: how they begin, how long they are and of what characters.

The forms are those that the vendors document, as secret scanners know them too (gitleaks, detect-secrets).
"""

import numpy as np

from tasks.clean.kernels.tries import Array

ALNUM, HEX, CAPITALS, URL_SAFE, PATH = range(5)
LONGEST_PREFIX = 32
LONGEST = 512
_ALPHABETS = {"alnum": ALNUM, "hex": HEX, "capitals": CAPITALS, "url": URL_SAFE, "path": PATH}
_FORMS = """
    AKIA ASIA ABIA ACCA: 16 16 capitals
    ghp_ gho_ ghs_ ghu_ ghr_: 36 255 alnum
    github_pat_: 50 255 url
    glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat-: 20 100 url
    xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxc- xoxd- xapp-: 20 255 url
    hooks.slack.com/services/: 30 80 path
    discord.com/api/webhooks/: 60 120 path
    sk_live_ rk_live_ pk_live_ sk_test_ rk_test_: 20 255 alnum
    whsec_: 24 80 alnum
    sk-: 20 80 alnum
    sk-proj- sk-svcacct- sk-admin- sk-ant- sk-or-v1-: 32 255 url
    hf_: 30 40 alnum
    npm_: 36 36 alnum
    pypi-: 50 255 url
    AIza: 35 35 url
    ya29.: 20 255 url
    GOCSPX-: 24 32 url
    SG.: 60 80 path
    SK: 32 32 hex
    dop_v1_ doo_v1_ dor_v1_: 64 64 hex
    LTAI: 12 24 alnum
    AKID: 28 40 alnum
    shpat_ shpca_ shppa_ shpss_: 32 32 hex
    dckr_pat_: 24 40 url
    gsk_: 40 60 alnum
    r8_: 37 37 alnum
    pplx-: 40 60 alnum
    xai-: 60 100 alnum
    nvapi-: 50 80 url
    glsa_: 30 50 url
    hvs.: 60 255 url
    dapi: 32 32 hex
    pul-: 40 40 hex
    rubygems_: 48 48 hex
    sbp_: 40 40 hex
    lin_api_: 40 40 alnum
    ntn_: 40 60 alnum
    figd_: 36 60 url
    PMAK-: 50 70 url
    dp.pt. dp.st.: 40 60 alnum
    xkeysib-: 64 90 url
    key-: 32 32 hex
    ATATT3: 100 255 url
    sq0atp- sq0csp-: 22 50 url
    rzp_live_: 14 14 alnum
    EAACEdEose0cBA: 20 255 alnum
"""


def keys() -> list[tuple[str, int, int, int]]:
    """For each beginning the least and most characters behind it, and their alphabet."""
    found = []
    for line in _FORMS.strip().splitlines():
        prefixes, _, form = line.rpartition(":")
        least, most, alphabet = form.split()
        found += [(prefix, int(least), int(most), _ALPHABETS[alphabet]) for prefix in prefixes.split()]
    return found


def table() -> tuple[Array, Array]:
    """The beginnings as bytes of shape [keys, LONGEST_PREFIX], and the rest of shape [keys, 3]."""
    rows = keys()
    prefixes = np.zeros((len(rows), LONGEST_PREFIX), np.uint8)
    for row, (prefix, *_) in enumerate(rows):
        prefixes[row, : len(prefix)] = list(prefix.encode())
    return prefixes, np.array([form for _, *form in rows], np.int64)
