from tasks.decontaminate.stage import STAGE

__all__ = ["STAGE"]
