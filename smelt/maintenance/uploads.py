"""Stale multipart uploads: large objects whose writer was killed between the first part and the last.

A store keeps their parts for ever, and no listing of objects shows them.
"""

from datetime import datetime, timedelta

from smelt.lake import Lake
from smelt.lake.store import Upload


def stale_uploads(lake: Lake, age: timedelta, *, now: datetime | None = None) -> list[Upload]:
    """Uploads below the lake's prefix that were begun at least ``age`` ago by the store's clock, oldest first."""
    now = now or lake.now()
    return sorted((item for item in lake.uploads() if now - item.begun >= age), key=lambda item: item.begun)
