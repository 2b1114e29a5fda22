from tasks.blocks.stage import STAGE

__all__ = ["STAGE"]
