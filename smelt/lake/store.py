"""Objects in S3: boto3 for control (conditional puts, listings, buckets), obstore for data.

obstore moves large objects in parallel ranges outside the GIL; boto3 is the reference for everything
where semantics matter more than speed. Both take their credentials from one boto3 session, so a
profile, a role or a key pair works the same for either.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlparse

import boto3
import obstore
from botocore.exceptions import BotoCoreError, ClientError
from obstore.exceptions import BaseError
from obstore.store import S3Store
from urllib3.exceptions import HTTPError

from smelt import settings as settings_module
from smelt.errors import DamageError, LakeError, MissingError
from smelt.lake import clients
from smelt.lake.answers import answered, failed, refused, unreachable
from smelt.lake.patience import PATIENCE_S, patiently
from smelt.lake.remote import RemoteFile
from smelt.settings import Settings

_T = TypeVar("_T")


@dataclass(frozen=True)
class Listed:
    """One object of a listing: its key inside the lake, its size in bytes, its ETag and when it was written (UTC)."""

    key: str
    bytes: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Upload:
    """A multipart upload that was begun and neither completed nor aborted; its parts take room and are seen nowhere."""

    key: str
    id: str
    begun: datetime


class Lake:
    """Objects below ``s3://bucket/prefix``, by key. Picklable: clients are made where they are used. One that has
    travelled equals the one that was sent, so that what a worker has cached for it is found for the next shard.

    Args:
        url: another lake than the settings'.
        patience: seconds that a store which may come back is waited for, in each call.
    """

    def __init__(self, settings: Settings, *, url: str | None = None, patience: float = PATIENCE_S) -> None:
        self.settings, self.patience = settings, patience
        self.url = (url or settings.lake).rstrip("/")
        parsed = urlparse(self.url)
        if parsed.scheme != "s3" or not parsed.netloc:
            raise LakeError("not an S3 address", where=self.url, mend="write s3://bucket/prefix")
        self.bucket, self.prefix = parsed.netloc, parsed.path.strip("/")

    @classmethod
    def connect(cls, patience: float = PATIENCE_S) -> "Lake":
        """The lake that this process's settings name; ``patience`` as of the lake itself."""
        return cls(settings_module.load(), patience=patience)

    def __reduce__(self):
        return _relink, (self.settings, self.url, self.patience)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lake) and self._named == other._named

    def __hash__(self) -> int:
        return hash(self._named)

    @property
    def _named(self) -> tuple[Settings, str, float]:
        return self.settings, self.url, self.patience

    def path(self, key: str) -> str:
        """Full ``s3://`` address of ``key``."""
        return f"{self.url}/{key}"

    def get(self, key: str) -> bytes:
        """The object's bytes.

        Raises:
            LakeError: when there is no such object, or the store can't be reached.
        """
        return self._data_call(key, lambda: obstore.get(self._data, key).bytes().to_bytes())

    def get_range(self, key: str, start: int, length: int, *, etag: str | None = None) -> bytes:
        """``length`` bytes of the object from byte ``start``.

        Raises:
            LakeError: as ``get`` does, and when an ``etag`` is given and the object has another by now.
        """
        if etag is None:
            found = self._data_call(key, lambda: obstore.get_range(self._data, key, start=start, length=length))
            return self._whole(key, length, found)

        def versioned() -> bytes:
            found = obstore.get(self._data, key, options={"range": (start, start + length)})
            if (now := (found.meta["e_tag"] or "").strip('"')) != etag:
                raise LakeError(
                    f"was written again: its ETag is {now}, not {etag}", where=self.path(key), mend="plan the run again"
                )
            return self._whole(key, length, found.bytes())

        return self._data_call(key, versioned)

    def open(self, key: str, size: int | None = None) -> RemoteFile:
        """The object as a seekable file that fetches only what is read; ``size`` (bytes), where known, saves a request.

        Raises:
            LakeError: as ``get`` does.
        """
        if size is None:
            size = self._data_call(key, lambda: int(obstore.head(self._data, key)["size"]))
        return RemoteFile(self, key, size)

    def get_json(self, key: str) -> Any:
        """The object parsed as JSON.

        Raises:
            DamageError: when it is no JSON, broken off for instance.
            LakeError: as ``get`` does.
        """
        return self._json(key, self.get(key))

    def find_json(self, key: str) -> Any | None:
        """The object parsed as JSON, or None where there is none.

        Raises:
            DamageError, LakeError: as ``get_json`` does.
        """

        def read() -> bytes:
            return self._control.get_object(Bucket=self.bucket, Key=self._key(key))["Body"].read()

        try:
            return self._json(key, self._control_call(key, read))
        except MissingError:
            return None

    def put(self, key: str, content: bytes | Path) -> None:
        """Write an object, in parallel parts where it is large; overwrites."""
        try:
            self._data_call(key, lambda: obstore.put(self._data, key, content))
        except MissingError:
            raise LakeError("no such bucket", where=self.path(key)) from None

    def put_json(self, key: str, value: Any) -> None:
        """Write ``value`` as JSON; overwrites."""
        self.put(key, json.dumps(value, sort_keys=True, ensure_ascii=False).encode())

    def put_new(self, key: str, content: bytes) -> bool:
        """Write an object only where there is none (S3 conditional put): True if this call wrote it.

        A request whose answer was lost may have taken effect; whether it has, the object tells.
        """
        asked = 0

        def write() -> bool:
            nonlocal asked
            asked += 1
            try:
                self._control.put_object(Bucket=self.bucket, Key=self._key(key), Body=content, IfNoneMatch="*")
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                    raise
                return False
            return True

        return self._control_call(key, write) or (asked > 1 and self.get(key) == content)

    def copy(self, key: str, target: str) -> None:
        """Copy an object to another key, inside the store: no byte of it comes here. Large ones go in parts.

        Raises:
            LakeError: when there is no such object, or the store can't be reached.
        """
        source = {"Bucket": self.bucket, "Key": self._key(key)}
        self._control_call(key, lambda: self._control.copy(source, self.bucket, self._key(target)))

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        try:
            self._control_call(key, lambda: self._control.head_object(Bucket=self.bucket, Key=self._key(key)))
        except MissingError:
            return False
        return True

    def objects(self, prefix: str) -> list[Listed]:
        """Objects below ``prefix``, sorted by key (stores differ in the order they list)."""
        return sorted(self.unsorted(prefix), key=lambda item: item.key)

    def unsorted(self, prefix: str) -> Iterator[Listed]:
        """Objects below ``prefix`` in the store's own order, of which no more than a page (1,000) is in memory."""
        strip = len(self.prefix) + 1 if self.prefix else 0
        for page in self._listing(prefix):
            for item in page.get("Contents", ()):
                yield Listed(item["Key"][strip:], item["Size"], item["ETag"].strip('"'), item["LastModified"])

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders directly below ``prefix`` (which ends with a slash, or is empty)."""
        found = [
            item["Prefix"] for page in self._listing(prefix, Delimiter="/") for item in page.get("CommonPrefixes", ())
        ]
        return sorted(name.rstrip("/").rsplit("/", 1)[-1] for name in found)

    def download(self, key: str, target: Path) -> None:
        """Stream the object into a local file; the file appears whole or not at all."""
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
        with partial.open("wb") as file:
            for chunk in self.chunks(key):
                file.write(chunk)
        partial.rename(target)

    def chunks(self, key: str) -> Iterator[Any]:
        """The object's bytes in order, some 8 MiB at a time.

        Raises:
            LakeError: as ``get`` does.
        """
        read, version = 0, ""
        stream: Iterator[Any] | None = None

        def following() -> Any | None:
            """The next chunk; after a break, of a request that begins where the last chunk ended."""
            nonlocal version, stream
            if stream is None:
                found = obstore.get(self._data, key, options={"range": {"offset": read}} if read else {})
                stream, now = iter(found.stream(min_chunk_size=8 << 20)), found.meta["e_tag"] or ""
                if read and now != version:
                    raise DamageError("was written again while it was read", where=self.path(key))
                version = now
            try:
                return next(stream, None)
            except BaseError:
                stream = None
                raise

        while (chunk := self._data_call(key, following)) is not None:
            read += len(chunk)
            yield chunk

    def delete(self, keys: list[str]) -> None:
        """Delete objects; missing ones are no error.

        Raises:
            LakeError: when the store refuses one, or can't be reached.
        """
        for start in range(0, len(keys), 1000):
            batch = [{"Key": self._key(key)} for key in keys[start : start + 1000]]
            self._control_call(keys[start], partial(self._delete, batch))

    def uploads(self) -> list[Upload]:
        """Multipart uploads below the lake's prefix that were begun and not ended.

        Raises:
            LakeError: when the store can't be asked.
        """
        strip, start = len(self._key("")), dict[str, str]()
        found: list[Upload] = []
        while True:
            ask = partial(self._control.list_multipart_uploads, Bucket=self.bucket, Prefix=self._key(""), **start)
            page = self._control_call("", ask)
            found += [
                Upload(item["Key"][strip:], item["UploadId"], item["Initiated"]) for item in page.get("Uploads", ())
            ]
            if not page.get("IsTruncated"):
                return found
            start = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def abort(self, upload: Upload) -> None:
        """Give up a multipart upload and free its parts; one that has ended meanwhile is no error."""
        about = {"Bucket": self.bucket, "Key": self._key(upload.key), "UploadId": upload.id}
        with suppress(MissingError):
            self._control_call(upload.key, lambda: self._control.abort_multipart_upload(**about))

    def now(self) -> datetime:
        """The time by the store's clock (UTC), to the second: objects are dated by it, not by a machine's own."""
        answer = self._control_call("", lambda: self._control.head_bucket(Bucket=self.bucket))
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def create_bucket(self) -> None:
        """Make the bucket where there is none."""
        try:
            self._control_call("", lambda: self._control.head_bucket(Bucket=self.bucket))
        except MissingError:
            self._control_call("", lambda: self._control.create_bucket(Bucket=self.bucket))

    def _data_call(self, key: str, ask: Callable[[], _T]) -> _T:
        """What obstore gives, patiently; its errors as ours."""

        def once() -> _T:
            try:
                return ask()
            except (FileNotFoundError, ValueError):  # a key that no object can have
                raise MissingError("no such object", where=self.path(key)) from None
            except BaseError as error:
                raise failed(error, self.path(key)) from error

        return patiently(once, self.patience)

    def _control_call(self, key: str, ask: Callable[[], _T]) -> _T:
        """What boto3 gives, patiently; its errors as ours."""

        def once() -> _T:
            try:
                return ask()
            except ClientError as error:
                raise refused(error, self.path(key)) from error
            except (BotoCoreError, HTTPError) as error:
                raise unreachable(error, self.path(key)) from error

        return patiently(once, self.patience)

    def _delete(self, batch: list[dict[str, str]]) -> None:
        answer = self._control.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
        for refusal in answer.get("Errors", ()):
            raise answered(refusal["Code"], f"s3://{self.bucket}/{refusal['Key']}")

    def _listing(self, prefix: str, **options: str) -> Iterator[dict[str, Any]]:
        """Pages of a listing, each asked for patiently."""
        start = dict[str, str]()
        while True:
            asked = {"Bucket": self.bucket, "Prefix": self._key(prefix), **options, **start}
            page = self._control_call(prefix, partial(self._control.list_objects_v2, **asked))
            yield page
            if not page.get("IsTruncated"):
                return
            start = {"ContinuationToken": page["NextContinuationToken"]}

    def _whole(self, key: str, length: int, content: obstore.Bytes) -> bytes:
        if len(content) != length:
            raise DamageError(f"ends {length - len(content):,} bytes before a range of it", where=self.path(key))
        return content.to_bytes()

    def _json(self, key: str, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError as error:
            raise DamageError(
                f"is no JSON ({error})", where=self.path(key), mend="delete it and run again: it is made anew"
            ) from None

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    @cached_property
    def _session(self) -> boto3.Session:
        return clients.session(self.settings, where=self.url)

    @cached_property
    def _control(self) -> Any:
        return clients.control(self._session, self.settings)

    @cached_property
    def _data(self) -> S3Store:
        return clients.data(self._session, self.settings, self.bucket, self.prefix)


def _relink(settings: Settings, url: str, patience: float) -> Lake:
    return Lake(settings, url=url, patience=patience)
