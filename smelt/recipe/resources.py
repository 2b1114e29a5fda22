"""How stages are run: what may be changed without changing any result."""

from smelt.recipe.base import Config


class Resources(Config):
    """Workers of a stage. Never part of a fingerprint."""

    workers: int | None = None
    """Shards worked on at the same time (training: data-parallel processes); None takes what the cluster has."""
    cpus: float = 1
    """CPU cores per worker."""
    gpus: float = 0
    """GPUs per worker."""
    memory_gb: float = 1.5
    """Memory per worker that Ray reserves, in GiB."""
    retries: int = 3
    """Times a shard is tried again when its worker dies."""
