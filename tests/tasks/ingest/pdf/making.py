"""PDFs for tests, written by hand: lines of Helvetica at given places, in the order given."""

import zlib
from collections.abc import Mapping, Sequence

Line = tuple[float, float, str]
"""Left and baseline in points, and the text (Latin-1)."""


def pdf(pages: Sequence[Sequence[Line]], *, size: float = 10, to_unicode: str | Mapping[str, str] = "") -> bytes:
    """A PDF of A4 pages.

    Args:
        to_unicode: what the font maps every character to (such as a private-use one), or what each of some; empty for
            the truth.
    """
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"
    objects.append(font + (" /ToUnicode 4 0 R >>" if to_unicode else " >>"))
    objects.append(_stream(_cmap(to_unicode).encode()) if to_unicode else "null")
    kids = []
    for lines in pages:
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 3 0 R >> >> "
            f"/Contents {len(objects) + 2} 0 R >>"
        )
        shown = "\n".join(f"1 0 0 1 {x} {y} Tm ({_escaped(text)}) Tj" for x, y, text in lines)
        objects.append(_stream(f"BT /F {size} Tf\n{shown}\nET".encode("latin-1")))
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def columns(*, interleaved: bool, pages: int = 2) -> bytes:
    """Two columns of prose: one after the other, or line by line across both."""
    left = [(50.0, 780.0 - 14 * row, f"the left column in its row {row:02d} goes on and") for row in range(50)]
    right = [(320.0, 780.0 - 14 * row, f"what the right one says in row {row:02d} is other") for row in range(50)]
    across = [line for pair in zip(left, right, strict=True) for line in pair]
    return pdf([across if interleaved else [*left, *right]] * pages)


def prose(lines: Sequence[str], **options: str | Mapping[str, str]) -> bytes:
    """One page of lines below each other."""
    return pdf([[(50, 800 - 12 * row, line) for row, line in enumerate(lines)]], **options)


def _stream(content: bytes) -> str:
    packed = zlib.compress(content).decode("latin-1")
    return f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n{packed}\nendstream"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _cmap(chars: str | Mapping[str, str]) -> str:
    targets = {chr(code): chars for code in range(33, 127)} if isinstance(chars, str) else chars
    mapped = "\n".join(f"<{ord(one):02X}> <{ord(other):04X}>" for one, other in targets.items())
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange <00> <FF> "
        f"endcodespacerange {len(targets)} beginbfchar\n{mapped}\nendbfchar endcmap end end"
    )
