"""The clients that a lake talks to its store with, under one set of credentials.

Both give up early and say so: who waits for a store that may come back is ``smelt.lake.patience``.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store

from smelt.errors import LakeError
from smelt.settings import Settings

if TYPE_CHECKING:
    from obstore.store import RetryConfig

RETRIES: "RetryConfig" = {
    "max_retries": 2,
    "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=1), "base": 2},
    "retry_timeout": timedelta(seconds=10),
}
"""obstore's own, for blips inside of what it does in several requests; longer troubles are ``patiently``'s."""
SILENCE_S = 20
"""Seconds without a byte after which a request is given up, to be made again."""
CONNECT_S = 5


def session(settings: Settings, *, where: str) -> boto3.Session:
    """What both clients take their credentials from.

    Args:
        where: the lake's address, for an error.

    Raises:
        LakeError: when there are none.
    """
    found = boto3.Session(
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        region_name=settings.region,
    )
    if found.get_credentials() is None:
        raise LakeError(
            "no S3 credentials",
            where=where,
            mend="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile",
        )
    return found


def control(session: boto3.Session, settings: Settings) -> Any:
    """boto3's client."""
    return session.client(
        "s3",
        endpoint_url=settings.endpoint,
        config=Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=32,
            connect_timeout=CONNECT_S,
            read_timeout=SILENCE_S,
            s3={"addressing_style": "path"},
        ),
    )


def data(session: boto3.Session, settings: Settings, bucket: str, prefix: str) -> S3Store:
    """obstore's client of a bucket, below a prefix."""
    return S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=settings.endpoint,
        region=settings.region,
        credential_provider=Boto3CredentialProvider(session),
        retry_config=RETRIES,
        client_options={
            "allow_http": (settings.endpoint or "").startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_S),
        },
    )
