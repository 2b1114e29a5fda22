"""Waiting for a store, or Airflow, that may come back, with the reason told meanwhile: the same for every client.

Libraries' own retries are counted in tries and drawn at random, so nobody can say how long they add up to. Ours are
counted in time: from the first answer that may pass, a request is made again until ``PATIENCE_S`` are over. A store
that is restarted, moved or out of breath for a minute is outlived by whoever uses it.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from smelt import log
from smelt.errors import LakeOutageError, SmeltError

_T = TypeVar("_T")
PATIENCE_S = 90.0
"""Seconds that a request is made again for. A request that is under way by then may still succeed."""
PAUSES_S = (0.1, 5.0)
"""Between two requests: at first, and at most; each is twice the one before."""
TELL_EVERY_S = 10.0
_told = 0.0
_lock = threading.Lock()


def patiently(ask: Callable[[], _T], patience: float, outage: type[SmeltError] = LakeOutageError) -> _T:
    """What ``ask`` gives; while it raises what may pass, it is called again for so many seconds.

    Args:
        outage: the error that may pass.

    Raises:
        SmeltError: the last of that kind, or any other that ``ask`` raises, at once.
    """
    began, pause = time.monotonic(), PAUSES_S[0]
    while True:
        try:
            return ask()
        except outage as error:
            waited = time.monotonic() - began
            if waited + pause > patience:
                raise
            _tell(error, patience - waited)
        time.sleep(pause)
        pause = min(2 * pause, PAUSES_S[1])


def _tell(error: SmeltError, left: float) -> None:
    """The reason, in the log, though no more often than now and then: many threads may be waiting."""
    global _told
    with _lock:
        if _told and time.monotonic() - _told < TELL_EVERY_S:
            return
        _told = time.monotonic()
    log.logger.warning("%s; asking again for up to %.0f s", error, left)
