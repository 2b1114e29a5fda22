"""What may no longer be trained on: addresses, hosts and ids that somebody has asked to be taken out.

Each is an object of its own below ``blocked/`` in the lake. A run is planned with the list as it is then, frozen under
the digest that enters ``select``'s config: so a document that was taken down leaves with the next run, from a stage
that is cheap, and blocks that were made stay what they are. ``smelt explain`` says of such a document which blocks had
read it before.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from smelt.errors import RecipeError
from smelt.identity import digest
from smelt.lake import Lake

FOLDER = "blocked/"
FROZEN = "blocked-lists/"
REASON = "blocked"
"""Reason that ``select`` drops such a document with."""
ID_LENGTH = 16
Kind = Literal["address", "host", "id"]


class Blocked(BaseModel):
    """One entry.

    Attributes:
        kind: whether it is a document's address, a host with all below it, or a document's id.
        value: as documents have it; a host in lower case.
        reason: why, in a person's words.
        when: ISO 8601 time.
    """

    model_config = ConfigDict(frozen=True)
    kind: Kind
    value: str
    reason: str
    when: str

    @property
    def key(self) -> str:
        """Key of its object."""
        return f"{FOLDER}{self.kind}/{digest(self.value)[:20]}.json"


class BlockedList(BaseModel):
    """All entries of a moment, sorted."""

    model_config = ConfigDict(frozen=True)
    entries: tuple[Blocked, ...] = ()

    @cached_property
    def _by_value(self) -> dict[tuple[Kind, str], Blocked]:
        return {(entry.kind, _compared(entry)): entry for entry in self.entries}

    def find(self, *, id: str, url: str | None) -> Blocked | None:
        """The entry that a document falls under: its id's, its address's, or the nearest host's."""
        known = self._by_value
        asked: list[tuple[Kind, str]] = [("id", id)]
        if url:
            asked += [("address", page_of(url)), *(("host", host) for host in hosts_of(url))]
        return next((known[one] for one in asked if one in known), None)


def page_of(url: str) -> str:
    """What of an address says which page it is: host, path and query, without scheme, fragment or a last slash."""
    rest = url.partition("://")[2] or url
    host, slash, path = rest.partition("#")[0].partition("/")
    return (host.lower() + slash + path).rstrip("/")


def hosts_of(url: str) -> list[str]:
    """The host of an address, and the domains that it lies in, the nearest first; none of what is no address."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return []
    parts = host.split(".")
    return [".".join(parts[at:]) for at in range(len(parts))] if host else []


def block(lake: Lake, values: Iterable[str], reason: str) -> list[Blocked]:
    """Put addresses, hosts or ids on the list.

    Raises:
        RecipeError: for a value that is none of them; nothing is put on the list then.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entries = [Blocked(kind=kind, value=value, reason=reason, when=now) for kind, value in map(_known, values)]
    for entry in entries:
        lake.put_json(entry.key, entry.model_dump())
    return entries


def unblock(lake: Lake, values: Iterable[str]) -> list[Blocked]:
    """Take values off the list again, and return what they were.

    Raises:
        RecipeError: for one that isn't on it.
    """
    there = {(entry.kind, entry.value): entry for entry in blocked(lake).entries}
    gone = []
    for value in values:
        if (found := there.get(_known(value))) is None:
            raise RecipeError("is not blocked", where=value, mend="`smelt blocked` lists what is")
        gone.append(found)
    lake.delete([entry.key for entry in gone])
    return gone


def blocked(lake: Lake) -> BlockedList:
    """The list as it is now."""
    entries = [Blocked.model_validate(lake.get_json(item.key)) for item in lake.objects(FOLDER)]
    return BlockedList(entries=tuple(sorted(entries, key=lambda entry: (entry.kind, entry.value))))


def freeze(lake: Lake) -> str:
    """Keep the list as it is now, for a run's stages to read; its digest over what is blocked, "" where nothing is."""
    now = blocked(lake)
    if not now.entries:
        return ""
    name = digest([[entry.kind, entry.value] for entry in now.entries])
    lake.put(f"{FROZEN}{name}.json", now.model_dump_json().encode())
    return name


@lru_cache(maxsize=2)
def frozen(lake: Lake, name: str) -> BlockedList:
    """The list that was kept under a digest; "" is the empty one."""
    return BlockedList.model_validate(lake.get_json(f"{FROZEN}{name}.json")) if name else BlockedList()


def _compared(entry: Blocked) -> str:
    return page_of(entry.value) if entry.kind == "address" else entry.value


def _known(value: str) -> tuple[Kind, str]:
    """What a value is of, and how documents have it."""
    value = value.strip()
    if "://" in value:
        return "address", value
    if len(value) == ID_LENGTH and all(char in "0123456789abcdef" for char in value):
        return "id", value
    host = value.lower().rstrip(".")
    if "." in host and not set(host) & set("/ @?#:"):
        return "host", host
    mend = "write https://…, a.b or an id of 16 digits"
    raise RecipeError("is no address, host or id", where=value or "an empty word", mend=mend)
