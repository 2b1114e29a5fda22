from tasks.tokenizer.stage import SHARD, STAGE

__all__ = ["SHARD", "STAGE"]
