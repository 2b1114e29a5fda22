"""Addresses of the plugin's pages, and of Airflow's."""

from urllib.parse import urlsplit

from airflow.configuration import conf

PREFIX = "/smelt"
"""Where the plugin's pages are mounted in the API server."""


def page(path: str) -> str:
    """Address of a page of the plugin, below the path that Airflow itself is served from."""
    return beside(f"{PREFIX.lstrip('/')}/{path}")


def beside(path: str) -> str:
    """Address of a page of Airflow's own."""
    base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{base}/{path}"
