"""How numbers are written in the terminal."""


def count(number: float) -> str:
    """A count in at most four digits: 512, 65.3k, 85.0B."""
    for unit in ("", "k", "M", "B"):
        if abs(number) < 1000:
            return f"{number:,.0f}" if unit == "" else f"{number:,.1f}{unit}"
        number /= 1000
    return f"{number:,.1f}T"


def size(num_bytes: float) -> str:
    """Bytes in binary units: 512 B, 1.5 MiB, 14.4 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if num_bytes < 1024:
            return f"{num_bytes:,.0f} B" if unit == "B" else f"{num_bytes:,.1f} {unit}"
        num_bytes /= 1024
    return f"{num_bytes:,.1f} TiB"
