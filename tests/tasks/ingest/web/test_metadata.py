"""What pages say of themselves, from every place where they say it."""

import pytest

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.document import Document, RawFile
from tasks.ingest.read import read
from tasks.ingest.web.metadata import Metadata, metadata_of
from tasks.ingest.web.tree.tree import parse


def said(head: str = "", body: str = "", *, html: str = "<html>", header: str = "") -> Metadata:
    return metadata_of(parse(f"{html}<head>{head}</head><body>{body}</body></html>".encode()), header)


def test_meta_tags():
    found = said(
        """<title>A river &amp; its bridges - The Daily</title><link rel="canonical" href="https://daily.example/river">
        <meta property="og:site_name" content="The Daily"><meta name="author" content="By Ann Other">
        <meta property="article:published_time" content="2023-11-18T09:30:00+01:00">
        <meta name=robots content="noindex, max-image-preview:large, NoAI">""",
        html='<html lang="en-GB">',
    )
    assert found == Metadata(
        "A river & its bridges", "2023-11-18", "Ann Other", "The Daily", "https://daily.example/river", "en-GB",
        None, "noai, noindex",
    )  # fmt: skip


def test_nothing_is_said():
    assert said() == Metadata()
    assert metadata_of(parse(b"")) == Metadata()


def test_citations():
    found = said(
        """<meta name=citation_title content="On bridges"><meta name=citation_author content="Lee, K.">
        <meta name=citation_author content="Roy, P."><meta name=citation_date content="2001/7/9">"""
    )
    assert (found.title, found.author, found.date) == ("On bridges", "Lee, K.; Roy, P.", "2001-07-09")


@pytest.mark.parametrize(
    ("content", "title", "date", "author"),
    [
        ('{"@type": "NewsArticle", "headline": "H", "datePublished": "2020-02-29", "author": {"name": "N"}}',
         "H", "2020-02-29", "N"),
        ('{"@graph": [{"@type": "WebSite", "name": "S"}, {"@type": "BlogPosting", "headline": "H &amp; I",'
         ' "author": [{"name": "N"}, {"name": "M"}], "dateCreated": "May 4, 2022"}]}', "H & I", "2022-05-04", "N; M"),
        ('[{"@type": "Organization", "name": "O"}, {"@type": ["Article"], "headline": "H", "author": "N",}]',
         "H", None, "N"),
        ('<!-- {"@type": "Article", "headline": "H",\n"datePublished": "20200229"} -->', "H", "2020-02-29", None),
        ('{"@type": "Article", "headline": "He said \\"no\\"", "description": "a "quote" breaks it",'
         ' "author": {"@type": "Person", "name": "N"}}', 'He said \\"no\\"', None, "N"),
        ("[" * 5000, None, None, None),
    ],
)  # fmt: skip
def test_linked_data(content, title, date, author):
    found = said(f'<script type="application/ld+json">{content}</script>')
    assert (found.title, found.date, found.author) == (title, date, author)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2021-10-26T08:00:00Z", "2021-10-26"),
        ("2019/11/18", "2019-11-18"),
        ("2024年2月9日 10:00", "2024-02-09"),
        ("20240209", "2024-02-09"),
        ("Wed, 04 May 2022 10:00:00 GMT", "2022-05-04"),
        ("November 8th, 2019", "2019-11-08"),
        ("2014-07", "2014-07"),
        ("1999", "1999"),
        ("05/04/2022", None),
        ("2022-14-99", None),
        ("soon", None),
    ],
)
def test_days(value, day):
    assert said(f'<meta name="date" content="{value}">').date == day


def test_microdata_and_time():
    found = said(
        "",
        '<span itemprop="author"><b itemprop="name">N</b></span><time itemprop="datePublished" datetime="2020-01-02">x',
    )
    assert (found.author, found.date) == ("N", "2020-01-02")
    assert said("", '<time class="entry-date" datetime="2020-01-03"></time><time datetime="2019-09-09">').date == (
        "2020-01-03"
    )
    assert said("", '<time datetime="2020-01-03"></time><time datetime="2019-09-09">').date is None


@pytest.mark.parametrize(
    ("body", "licence"),
    [
        ('<a rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">x</a>', "CC-BY-SA-4.0"),
        ('<a href="http://creativecommons.org/licenses/by-nc-nd/3.0/de/deed.de"><img></a>', "CC-BY-NC-ND-3.0"),
        ('<link rel=license href="https://creativecommons.org/publicdomain/zero/1.0/">', "CC0-1.0"),
        ('<a rel="license noopener" href="https://example.org/our-licence">x</a>', "https://example.org/our-licence"),
        ('<meta name="dcterms.rights" content="CC BY 4.0">', "CC-BY-4.0"),
        ('<script type="application/ld+json">{"@type": "Article", "license": "https://creativecommons.org/licenses/by/4.0/"}'
         "</script>", "CC-BY-4.0"),
        ('<a href="https://creativecommons.org/licenses/by/4.0/">a</a>'
         '<a href="https://creativecommons.org/licenses/by-nd/4.0/">b</a>', None),
        ('<meta name="copyright" content="All rights reserved">', None),
        ('<a href="/license-plates">License plates</a>', None),
    ],
)  # fmt: skip
def test_licences(body, licence):
    assert said("", body).licence == licence


def test_robots():
    assert said('<meta name="googlebot" content="none">').robots == "nofollow, noindex"
    assert said("<meta name=robots content='index,follow'>").robots is None
    assert said(header="googlebot: noindex, unavailable_after: 25 Jun 2030, noimageai").robots == "noimageai, noindex"
    assert said("<meta name=tdm-reservation content=1>").robots == "tdm-reservation"


@pytest.mark.parametrize(
    ("refuse", "fate"),
    [
        ((), "html"),
        (("noai",), "noai"),
        (("noindex",), "html"),
        (("unlicensed",), "unlicensed"),
        (("noindex", "noai"), "noai"),
    ],
)
def test_a_source_refuses_pages_by_what_they_say(refuse, fate):
    text = "Rivers and bridges and towns. " * 20
    page = f"<html><head><meta name=robots content=noai></head><body><p>{text}</p></body></html>"
    [item] = read(RawFile("s", "a.html", page.encode(), refuse=refuse), IngestOptions())
    assert (item.format if isinstance(item, Document) else item.reason) == fate
