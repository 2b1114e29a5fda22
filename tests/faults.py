"""A proxy before a real object store, to be put out of order: it refuses, is silent, loses answers, lies."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlparse

Fault = Literal["503", "refused", "silence", "lost answer", "broken off", "unconditional"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "FaultyStore"

    def handle_one_request(self) -> None:
        if self.server.fault == "refused":
            self.close_connection = True
            return
        super().handle_one_request()

    def _pass_on(self) -> None:
        fault = self.server.fault
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault in ("refused", "silence"):
            self.server.mended.wait()
            self.close_connection = True
            return
        if fault == "503":
            self._answer(503, {}, b"")
            return
        asked = HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
        asked.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            asked.putheader(name, value)
        asked.endheaders(body)
        answer: HTTPResponse = asked.getresponse()
        content = answer.read()
        asked.close()
        if fault == "unconditional" and answer.status == 412:
            self._answer(200, {}, b"")
            return
        if fault == "lost answer":
            self.close_connection = True
            return
        self._answer(answer.status, dict(answer.headers.items()), content, broken=fault == "broken off")

    def _answer(self, status: int, headers: dict[str, str], content: bytes, *, broken: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        length = headers.get("Content-Length", str(len(content))) if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if broken else content)
        self.close_connection = broken

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class FaultyStore(ThreadingHTTPServer):
    """Passes requests on to the store at ``endpoint``, until it is told to be out of order.

    Attributes:
        fault: what is wrong with it now.
    """

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlparse(endpoint).port
        self.fault: Fault | None = None
        self.mended = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def out_of_order(self, fault: Fault, seconds: float) -> threading.Timer:
        """Be so from now on, for so long."""
        self.mended.clear()
        self.fault = fault
        timer = threading.Timer(seconds, self.mend)
        timer.start()
        return timer

    def mend(self) -> None:
        """Be in order again."""
        self.fault = None
        self.mended.set()

    def handle_error(self, request: socket.socket, client_address: object) -> None:
        """Clients that give up are what it is for."""


@contextmanager
def faulty_store(endpoint: str) -> Iterator[FaultyStore]:
    """One before the store at ``endpoint``."""
    with FaultyStore(endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.mend()
        server.shutdown()
        thread.join()
