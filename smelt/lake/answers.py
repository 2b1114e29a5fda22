"""What the object store answered, as an error of ours: for good, or what may pass."""

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from urllib3.exceptions import HTTPError

from smelt.errors import DamageError, LakeError, LakeOutageError, MissingError

_RUNNING = "is the object store running? `smelt status` tells"
_DENIED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NoSuchUpload", "NotFound"}
_MAY_PASS = {"SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "OperationAborted", "Throttling", "TooManyRequests"}
"""Answers below 500 that may be others next time."""

_REFUSED = re.compile(r"status code: 4(?!29)\d\d")
"""How obstore words an answer that says the request is wrong."""


def failed(error: BaseError, where: str) -> LakeError:
    """obstore's error as ours."""
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return answered("AccessDenied", where)
    if "InvalidRange" in str(error):
        return DamageError("ends before a range of it", where=where)
    if "kind: Connect" in str(error):
        return LakeOutageError("the object store can't be reached", where=where, mend=_RUNNING)
    line = str(error).strip().splitlines()[0][:300]
    for_good = _REFUSED.search(str(error)) and not any(code in str(error) for code in _MAY_PASS)
    return (LakeError if for_good else LakeOutageError)(line, where=where)


def refused(error: ClientError, where: str) -> LakeError:
    """An answer that boto3 raises as ours."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return answered(error.response["Error"].get("Code", "error"), where, status=status)


def answered(code: str, where: str, *, status: int = 500) -> LakeError:
    """The error for a code of S3's, which came with this status of HTTP's."""
    said = f"the object store answered {code}"
    if code in _MISSING:
        return MissingError(said, where=where)
    if code in _DENIED:
        return LakeError(said, where=where, mend="check the credentials")
    if code == "RequestTimeTooSkewed":
        return LakeOutageError(said, where=where, mend="this machine's clock is not the store's: set it right")
    return (LakeOutageError if status >= 500 or status == 429 or code in _MAY_PASS else LakeError)(said, where=where)


def unreachable(error: BotoCoreError | HTTPError, where: str) -> LakeError:
    """What boto3 raises without an answer as ours."""
    line = " ".join(str(error).split())[:300]
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound | ParamValidationError):
        return LakeError(line, where=where)
    return LakeOutageError(line, where=where, mend=_RUNNING)
