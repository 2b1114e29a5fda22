"""TensorBoard, which asks nobody who he is, behind the token that Ray's dashboard asks for.

A browser gives the token once, on the page that stands in TensorBoard's place until then, and keeps a cookie; programs
send it as a bearer token. Without a token in the settings nothing is asked, as Ray asks nothing then. TensorBoard's
own fast loader is off, because it opens a second port that nothing guards.

``python -m smelt.boards.server --logdir FOLDER --host HOST --port PORT``, all as TensorBoard has them.
"""

import hmac
import sys
from collections.abc import Callable, Iterable
from hashlib import sha256
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from tensorboard import default, program

from smelt import settings

COOKIE = "smelt_board"
HEALTH = "/healthz"
"""Answers anybody, with nothing."""
MAX_FORM = 4096
"""Bytes of a form that are read."""
PAGE = b"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>TensorBoard</title></head>
<body style="font: 1rem system-ui; margin: 4rem auto; max-width: 30rem"><h1>TensorBoard</h1>
<form method="post"><label>The token that Ray's dashboard asks for, too
<input type="password" name="token" autofocus autocomplete="current-password"></label>
<button>Open</button></form></body></html>"""
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def guarded(application: Application, token: str | None) -> Application:
    """The WSGI application for those who know the token, if there is one; a form for all others."""
    known = sha256(f"tensorboard:{token}".encode()).hexdigest()

    def answer(request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if request.get("PATH_INFO") == HEALTH:
            start("200 OK", [("Content-Length", "0")])
            return []
        bearer = request.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        cookie = SimpleCookie(request.get("HTTP_COOKIE", "")).get(COOKIE)
        if token is None or _same(bearer, token) or (cookie is not None and _same(cookie.value, known)):
            return application(request, start)
        if request["REQUEST_METHOD"] == "POST" and _same(_field(request), token):
            query = request.get("QUERY_STRING", "")
            back = request.get("PATH_INFO", "/") + (f"?{query}" if query else "")
            headers = [("Location", "/" + back.lstrip("/")), ("Content-Length", "0")]
            start("303 See Other", [*headers, ("Set-Cookie", f"{COOKIE}={known}; Path=/; HttpOnly; SameSite=Strict")])
            return []
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(PAGE)))]
        start("401 Unauthorized", [*headers, ("Cache-Control", "no-store"), ("WWW-Authenticate", "Bearer")])
        return [PAGE]

    return answer


def _field(request: dict[str, Any]) -> str:
    """The token of a posted form."""
    length = request.get("CONTENT_LENGTH") or "0"
    content = request["wsgi.input"].read(min(int(length), MAX_FORM)) if length.isdigit() else b""
    return parse_qs(content.decode(errors="replace")).get("token", [""])[0].strip()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


class _Server(program.WerkzeugServer):
    def __init__(self, application: Application, flags: Any) -> None:
        token = settings.load().ray_token
        super().__init__(guarded(application, token), flags)


def main() -> int:
    """Serve until told to end; TensorBoard's own exit status."""
    board = program.TensorBoard(default.get_plugins(), server_class=_Server)
    board.configure([sys.argv[0], *sys.argv[1:], "--load_fast=false"])
    return board.main() or 0


if __name__ == "__main__":
    sys.exit(main())
