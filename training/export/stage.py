"""Export: the last checkpoint, or the mean of the last few, as a Hugging Face folder that ``transformers`` loads."""

import json

from smelt.lake import held
from smelt.stage import Context, Part, Round, Shard, Stage


def export_shards(context: Context) -> list[Shard]:
    """One: the folder."""
    return [Shard("hf")]


def export_model(context: Context, shard: Shard) -> Part:
    """The folder's files."""
    from training.checkpoints.load import load_average
    from training.export.huggingface import hf_config, hf_tokenizer_config, hf_weights, write_weights
    from training.model.model import DTYPES

    tokenizer = context.inputs["tokenizer"]
    tokenizer_json = held.read(context.lake, tokenizer, "tokenizer", "/tokenizer.json")
    figures = held.read_json(context.lake, tokenizer, "tokenizer", "/figures.json")
    end, padding = figures["end_of_document"], figures["padding"]
    roles = {"bos_token_id": end["id"], "eos_token_id": end["id"], "pad_token_id": padding["id"]}
    loaded = load_average(context.lake, context.inputs["train"], context.config.average)
    description = loaded.description
    dtype = DTYPES[context.config.precision or description.precision]
    weights = hf_weights(loaded.model.state_dict(), description.config)
    files = write_weights(weights, context.scratch, dtype)
    return Part(
        files={
            **files,
            "/config.json": _json(hf_config(description, roles=roles, dtype=dtype)),
            "/generation_config.json": _json(roles),
            "/tokenizer.json": tokenizer_json,
            "/tokenizer_config.json": _json(
                hf_tokenizer_config(description, end=end["token"], padding=padding["token"])
            ),
        },
        rows=1,
        stats={"parameters": sum(one.numel() for one in loaded.parameters()), "tokens": description.tokens},
    )


def _json(value: dict) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode()


STAGE = Stage("export", rounds=(Round("parts", export_shards, export_model),))
