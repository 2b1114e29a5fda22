"""The one kind of error that a user meets: what is wrong, where, and how to mend it."""

USER_ERROR = 3
"""Exit status of a stage's job for an error that a retry can't mend; the object store's troubles may pass."""


class SmeltError(Exception):
    """An error a user can cause, printed as one line: ``where: what (mend)``.

    Args:
        what: what is wrong, in words.
        where: the file, recipe path, artifact or object it is about.
        mend: what to do about it.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        line = f"{where}: {what}" if where else what
        super().__init__(f"{line} ({mend})" if mend else line)

    def __reduce__(self):  # exceptions cross process borders (Ray) by pickling
        return _rebuild, (type(self), self.what, self.where, self.mend)


def _rebuild(kind: type[SmeltError], what: str, where: str, mend: str) -> SmeltError:
    return kind(what, where=where, mend=mend)


class LakeError(SmeltError):
    """The object store refused, is out of reach, or holds something unexpected."""


class LakeOutageError(LakeError):
    """The object store is out of reach or out of breath: the same request may succeed later."""


class MissingError(LakeError):
    """There is no such object in the lake."""


class DamageError(LakeError):
    """What lies in the lake is not what was written; no retry mends it."""


class DiskFullError(SmeltError):
    """A disk of this machine is full: the same may succeed when there is room."""


class RecipeError(SmeltError):
    """The recipe is wrong; raised before anything starts."""


class StageError(SmeltError):
    """A stage cannot do its work with what it was given."""
