"""What every answer of the pages carries, and addresses that name nothing."""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
}
POLICY = "default-src 'none'; frame-ancestors 'none'"
"""For answers that have no content policy of their own."""
LONGEST = 1024
"""Bytes of an S3 key."""


class Guarded:
    """An application whose answers nobody frames, guesses the type of or keeps, errors too; and which is asked for no
    address that the lake can't have (``..``, control characters)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Content-Security-Policy", POLICY)
            await send(message)

        if scope["type"] == "http" and not _sound(scope["path"]):
            await PlainTextResponse("there is no such address", 404)(scope, receive, sent)
        else:
            await self.app(scope, receive, sent)


class WithSlash:
    """A root application that leads from the address of a mounted one without its slash to that with it.

    Airflow answers every address that it doesn't know with its own page, so the mount is never asked.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app, self.path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        root = scope.get("root_path", "")
        if scope["type"] == "http" and scope["path"].removeprefix(root) == self.path:
            query = scope["query_string"].decode("latin-1")
            address = f"{root}{self.path}/" + (f"?{query}" if query else "")
            await RedirectResponse(address, headers=HEADERS)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _sound(path: str) -> bool:
    try:
        named = len(path.encode()) <= LONGEST and not any(
            ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in path
        )
    except UnicodeEncodeError:
        return False
    return named and not {".", ".."} & set(path.replace("\\", "/").split("/"))
