"""Where the code lies, and where relative paths of a recipe begin: alike in a shell, in Airflow and on every node."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
