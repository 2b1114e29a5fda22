"""Objects that nobody has, as many as one likes and in no order: as a generator, and as a store that lists them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import gcd
from urllib.parse import parse_qs, urlsplit

from smelt.lake.store import Listed
from smelt.settings import Settings
from tests.servers import Quiet, serving

BUCKET = "crawl"
PAGE = 1000
_STEP = 7_654_321
"""From one listed object to the next; any number that has no divisor in common with how many they are."""
_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""Times a number, an ETag that looks like no other's (the golden ratio's digits)."""
_WHEN = datetime(2026, 11, 1, tzinfo=UTC)
_HEAD = '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'


def made_up(objects: int, first: int = 0, stop: int | None = None, *, shuffled: bool = True) -> Iterator[Listed]:
    """Objects of up to 100 kB, or of so many a stretch, in the order in which they are listed."""
    assert gcd(objects, _STEP) == 1, "else some would be listed twice"
    for place in range(first, objects if stop is None else stop):
        number = place * _STEP % objects if shuffled else place
        key = f"2026/{number % 365:03d}/{number:010d}-{number * _STEP % 2**64:016x}.html"
        yield Listed(key, 1 + number * _STEP % 100_000, f"{number * _SPREAD % 2**128:032x}", _WHEN)


@contextmanager
def made_up_store(objects: int, *, shuffled: bool = True) -> Iterator[Settings]:
    """Settings of a store whose bucket ``crawl`` lists so many objects, and can do no more."""

    class MadeUp(Quiet):
        def do_GET(self) -> None:  # noqa: N802
            first = int(parse_qs(urlsplit(self.path).query).get("continuation-token", ["0"])[0])
            after = min(first + PAGE, objects)
            more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{after}</NextContinuationToken>"
            page = made_up(objects, first, after, shuffled=shuffled)
            body = f"{_HEAD}{more if after < objects else ''}{''.join(map(_listed, page))}</ListBucketResult>"
            self.answer(200, body.encode(), Content_Type="application/xml")

    with serving(MadeUp) as address:
        yield Settings(lake=f"s3://{BUCKET}/lake", endpoint=address, access_key="any", secret_key="any")


def _listed(item: Listed) -> str:
    said = f"<Key>{item.key}</Key><ETag>&quot;{item.etag}&quot;</ETag><Size>{item.bytes}</Size>"
    return f"<Contents>{said}<LastModified>{item.modified:%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
