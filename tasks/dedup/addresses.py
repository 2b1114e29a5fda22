"""One spelling for all addresses of a page."""

import numpy as np
import pyarrow as pa
import xxhash
from courlan import normalize_url


def canonical(url: str | None) -> str | None:
    """An address without scheme, ``www.``, trackers, fragment and the path's closing slash, its query in order.

    None for what is no address of the web, or can't be read as one.
    """
    if url is None or not url.startswith(("http://", "https://")):
        return None
    try:
        normal = normalize_url(url)
    except ValueError:
        return None
    rest = normal.partition("://")[2]
    if "#!" not in rest and "#/" not in rest:  # there the page's own program takes the fragment for a path
        rest = rest.partition("#")[0]
    place, mark, query = rest.removeprefix("www.").partition("?")
    return place.rstrip("/") + mark + query or None


def address_hashes(urls: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """A hash of each canonical address (uint64, N), and whether there is one (bool, N)."""
    found = [canonical(url) for url in urls.to_pylist()]
    hashes = [0 if address is None else xxhash.xxh3_64_intdigest(address.encode()) for address in found]
    return np.array(hashes, np.uint64), np.array([address is not None for address in found], np.bool_)
