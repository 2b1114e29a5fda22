from tasks.dedup.stage import STAGE

__all__ = ["STAGE"]
