"""A proxy before a real object store, to be put out of order: it refuses, is silent, loses answers, lies.

It is so for a while (``out_of_order``), or now and then, by chance from a seed (``chances``).
"""

import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlparse

Fault = Literal[
    "500", "503", "429", "refused", "silence", "slow", "lost request", "lost answer", "broken off", "unconditional"
]
STATUSES: Mapping[Fault, int] = {"500": 500, "503": 503, "429": 429}
SLOW_S = 3.0
SILENT_S = 25.0
"""How long one request is left without an answer, where nothing is mended before: longer than clients bear it."""
NO_WAIT = struct.pack("ii", 1, 0)
"""A socket that is closed so is reset: what its other side still has to read is gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "FaultyStore"

    def handle_one_request(self) -> None:
        if self.server.fault == "refused":
            self.close_connection = True
            return
        super().handle_one_request()

    def _pass_on(self) -> None:
        fault = self.server.fault or self.server.drawn()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault in ("refused", "silence"):
            self.server.mended.wait(SILENT_S)
            self.close_connection = True
            return
        if fault == "lost request":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_WAIT)
            self.close_connection = True
            return
        if fault is not None and fault in STATUSES:
            self._answer(STATUSES[fault], {}, b"")
            return
        if fault == "slow":
            time.sleep(SLOW_S)
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
        chances: of each fault, for any one request.
        drawn_faults: how many requests met each fault by chance.
    """

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlparse(endpoint).port
        self.fault: Fault | None = None
        self.mended = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.chances: Mapping[Fault, float] = {}
        self.drawn_faults: Counter[Fault] = Counter()
        self._random = random.Random()

    def by_chance(self, chances: Mapping[Fault, float], seed: int) -> None:
        """Be out of order now and then, from now on, in an order that follows from the seed."""
        self._random.seed(seed)
        self.mended.clear()
        self.chances = chances

    def drawn(self) -> Fault | None:
        """What the next request meets, by chance."""
        left = self._random.random() if self.chances else 1.0
        for fault, chance in self.chances.items():
            if left < chance:
                self.drawn_faults[fault] += 1
                return fault
            left -= chance
        return None

    def out_of_order(self, fault: Fault, seconds: float) -> threading.Timer:
        """Be so from now on, for so long."""
        self.mended.clear()
        self.fault = fault
        timer = threading.Timer(seconds, self._end_of_fault)
        timer.start()
        return timer

    def mend(self) -> None:
        """Be in order again."""
        self.chances = {}
        self._end_of_fault()

    def _end_of_fault(self) -> None:
        self.fault = None
        self.mended.set()
        if self.chances:
            self.mended.clear()  # those who wait have been told; the next that is drawn waits again

    def handle_error(self, request: object, client_address: object) -> None:
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
