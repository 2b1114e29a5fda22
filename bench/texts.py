"""Real text to measure on: Debian's documentation in English and Chinese, and Python's standard library.

Fetched once into the cache; the same packages as the demo's. HTML is reduced to plain text first, so that
what is measured is the work on text.
"""

import pyarrow as pa
import pyarrow.parquet as pq
from resiliparse.extract.html2text import extract_plain_text

from smelt.settings import home_folder
from tasks.sources import archive, deb

PACKAGES = {
    "en": ("libreoffice-help-en-us", "python3.11-doc", "debian-reference-en"),
    "zh": ("libreoffice-help-zh-cn", "debian-reference-zh-cn"),
    "code": ("libpython3.11-stdlib",),
}


def texts(lang: str, megabytes: float) -> pa.Array:
    """Documents of a language (``en``, ``zh``, ``code``), as many as reach that size, or all there are."""
    cache = home_folder() / "cache" / "bench"
    file = cache / f"{lang}.parquet"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        suffix = ".py" if lang == "code" else ".html"
        found = [
            content.content.decode(errors="replace")
            for package in PACKAGES[lang]
            for content in deb.files(archive.fetch(package, home_folder() / "cache"))
            if content.path.endswith(suffix)
        ]
        plain = found if lang == "code" else [str(extract_plain_text(page, main_content=True)) for page in found]
        pq.write_table(pa.table({"text": pa.array([text for text in plain if text], pa.large_string())}), file)
    column = pq.read_table(file)["text"].combine_chunks()
    sizes = pa.compute.cumulative_sum(pa.compute.binary_length(column)).to_numpy()
    return column[: int((sizes < megabytes * 1e6).sum()) + 1]
