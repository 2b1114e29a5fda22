"""Who may see the pages, and which lake they show."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, HTTPException, Request

if TYPE_CHECKING:
    from smelt.lake import Lake

DAG_ID = "pretrain"


class LoginNeededError(Exception):
    """The browser has no session yet."""


async def reader(request: Request) -> None:
    """Lets those pass who may read the DAG.

    Raises:
        HTTPException: 401 for a program without a token, 403 for a user without the right.
    """
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user

    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException as refusal:
        if refusal.status_code == 401 and "text/html" in request.headers.get("accept", ""):
            raise LoginNeededError from None
        raise
    if not get_auth_manager().is_authorized_dag(method="GET", user=user, details=DagDetails(id=DAG_ID)):
        raise HTTPException(403, "not allowed to read this DAG")


@cache
def connect() -> "Lake":
    """The lake of this process's settings."""
    from smelt.lake import Lake

    return Lake.connect()


LakeDep = Annotated[Any, Depends(connect)]
