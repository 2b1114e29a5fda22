"""A notice that a process is going to be taken away: all processes save where they are, behind the same step.

None may stop alone, for the others would wait for it for ever, and none should wait for the others to be asked. So the
question goes along with every step, as a sum that runs beside it on a group of its own, and is read a step later,
when it is long there.
"""

from collections import deque
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor


class Notice:
    """Whether any process was told to leave.

    Attributes:
        given: the answer as far as all processes know it; the same on each behind the same step.
    """

    def __init__(self, told: Callable[[], bool]) -> None:
        self.given = False
        self._told = told
        self._group = dist.new_group(backend="gloo")
        self._asked: deque[tuple[Tensor, dist.Work]] = deque()

    def ask(self) -> None:
        """Ask along with a step that is launched."""
        told = torch.tensor([int(self._told())])
        work = dist.all_reduce(told, group=self._group, async_op=True)
        assert work is not None
        self._asked.append((told, work))

    def hear(self) -> None:
        """Take in the answers but the newest, whose step others may not have come to."""
        while len(self._asked) > 1:
            told, work = self._asked.popleft()
            work.wait()
            self.given = self.given or bool(told.item())

    def close(self) -> None:
        """Take in the last answers and give the group back, whose threads would go on looking for more."""
        while self._asked:
            self._asked.popleft()[1].wait()
        dist.destroy_process_group(self._group)
