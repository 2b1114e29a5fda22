"""Where the code that the services run lies."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
