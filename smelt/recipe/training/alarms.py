"""When a training says that something is wrong while it goes on: too slow, starved, a label that drifts."""

from pydantic import Field

from smelt.recipe.base import Config


class AlarmsConfig(Config):
    """What is an alarm. Each is an event, told once while it lasts; none changes a step.

    Figures are those of the phase's last 50 steps, looked at every 50 from the 100th on.
    """

    slower: float = Field(default=1 / 3, gt=0, lt=1)
    """Share by which the median of tokens a second may fall below that of the phase so far."""
    waits: float = Field(default=0.1, gt=0, le=1)
    """Share of the time that may go by waiting for data."""
    drift: float = Field(default=0.2, gt=0)
    """Nats by which a label's mean loss may rise above its lowest, more than that of all other labels does."""
    free_disk: float = Field(default=0.05, ge=0, lt=1)
    """Share of the trainer's disk that must be free."""
    silent_minutes: float = Field(default=30.0, gt=0)
    """Minutes without a step, or in Ray's queue."""
