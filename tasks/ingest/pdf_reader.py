"""The process that reads PDFs for a worker: ``python -m tasks.ingest.pdf_reader``, a document after the other.

pdfium is C++ and meets files made to break it. What ends this process, or keeps it too long, costs one document.
On stdin come 8 bytes of length (big-endian) and a PDF, on stdout go a length and JSON; it ends with its stdin.
"""

import json
import resource
import signal
import struct
import sys
from dataclasses import asdict

import pypdfium2

from tasks.ingest.pdf_text import read

MAX_BYTES = 1 << 30
"""Address space of the process."""
MAX_SECONDS = 120
"""Longest that one document may take."""


def main() -> None:
    """Serve until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while len(header := sys.stdin.buffer.read(8)) == 8:
        content = sys.stdin.buffer.read(struct.unpack(">Q", header)[0])
        signal.alarm(MAX_SECONDS)  # ends the process, whatever native code it is in
        try:
            found = asdict(read(content))
        except pypdfium2.PdfiumError as error:
            found = {"error": str(error)}
        signal.alarm(0)
        body = json.dumps(found).encode()
        sys.stdout.buffer.write(struct.pack(">Q", len(body)) + body)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
