"""What the object store answered, as an error of ours: for good, or what may pass."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from smelt.errors import DamageError, LakeError, LakeOutageError

_RUNNING = "is the object store running? `smelt status` tells"
_DENIED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_FOR_GOOD = _DENIED | MISSING | {"InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed"}
"""Answers that stay the same however often the store is asked; any other may pass."""


def failed(error: BaseError, where: str) -> LakeError:
    """obstore's error as ours."""
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return answered("AccessDenied", where)
    if "InvalidRange" in str(error):
        return DamageError("ends before a range of it", where=where)
    if "kind: Connect" in str(error):
        return LakeOutageError("the object store can't be reached", where=where, mend=_RUNNING)
    return LakeOutageError(str(error).strip().splitlines()[0][:300], where=where)


def refused(error: ClientError, where: str) -> LakeError:
    """An answer that boto3 raises as ours."""
    return answered(error.response["Error"].get("Code", "error"), where)


def answered(code: str, where: str) -> LakeError:
    """The error for a code of S3's."""
    kind = LakeError if code in _FOR_GOOD else LakeOutageError
    return kind(
        f"the object store answered {code}", where=where, mend="check the credentials" if code in _DENIED else ""
    )


def unreachable(error: BotoCoreError, where: str) -> LakeError:
    """What boto3 raises without an answer as ours."""
    line = " ".join(str(error).split())[:300]
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound | ParamValidationError):
        return LakeError(line, where=where)
    return LakeOutageError(line, where=where, mend=_RUNNING)
