"""How stages are run: what may be changed without changing any result."""

from pydantic import Field, model_validator

from smelt.recipe.base import Config


class Resources(Config):
    """Workers of a stage. Never part of a fingerprint."""

    workers: int | None = None
    """Shards worked on at the same time (training: data-parallel processes); None takes what the cluster has."""
    min_workers: int | None = Field(default=None, ge=1)
    """Training: with how few of ``workers`` it goes on where the cluster has no more; None waits for all of them."""
    cpus: float = 1
    """CPU cores per worker."""
    gpus: float = 0
    """GPUs per worker."""
    memory_gb: float = 1.5
    """Memory per worker that Ray reserves, in GiB."""
    retries: int = 3
    """Times a shard is tried again when its worker dies."""
    max_hours: float | None = Field(default=None, gt=0)
    """Hours that the stage may take in all before its job is stopped; None is a week, and 90 days for a training."""

    @model_validator(mode="after")
    def _order(self) -> "Resources":
        if self.min_workers is not None and not (self.workers and self.min_workers <= self.workers):
            raise ValueError(f"min_workers {self.min_workers} needs workers of at least as many (set both)")
        return self
