"""A store that lists as many objects as one likes, which it does not have, in no order."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import gcd
from urllib.parse import parse_qs, urlsplit

from smelt.settings import Settings
from tests.servers import Quiet, serving

BUCKET = "crawl"
PAGE = 1000
_STEP = 7_654_321
"""From one listed object to the next; any number that has no divisor in common with how many they are."""
_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""Times a number, an ETag that looks like no other's (the golden ratio's digits)."""
_HEAD = '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'


@contextmanager
def made_up_store(objects: int, *, shuffled: bool = True) -> Iterator[Settings]:
    """Settings of a store whose bucket ``crawl`` lists so many objects of up to 100 kB, and can do no more."""
    assert gcd(objects, _STEP) == 1, "else some would be listed twice"

    def about(place: int) -> str:
        number = place * _STEP % objects if shuffled else place
        key = f"2026/{number % 365:03d}/{number:010d}-{number * _STEP % 2**64:016x}.html"
        size, etag = 1 + number * _STEP % 100_000, number * _SPREAD % 2**128
        when = "<LastModified>2026-11-01T00:00:00.000Z</LastModified>"
        return f"<Contents><Key>{key}</Key>{when}<ETag>&quot;{etag:032x}&quot;</ETag><Size>{size}</Size></Contents>"

    class MadeUp(Quiet):
        def do_GET(self) -> None:  # noqa: N802
            first = int(parse_qs(urlsplit(self.path).query).get("continuation-token", ["0"])[0])
            after = min(first + PAGE, objects)
            more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{after}</NextContinuationToken>"
            listed = "".join(map(about, range(first, after)))
            body = f"{_HEAD}{more if after < objects else ''}{listed}</ListBucketResult>"
            self.answer(200, body.encode(), Content_Type="application/xml")

    with serving(MadeUp) as address:
        yield Settings(lake=f"s3://{BUCKET}/lake", endpoint=address, access_key="any", secret_key="any")
