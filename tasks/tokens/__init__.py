from tasks.tokens.stage import STAGE

__all__ = ["STAGE"]
