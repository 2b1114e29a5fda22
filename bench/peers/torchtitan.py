"""torchtitan's Llama 3 on one CPU thread: its model, its compiled layers and loss, a step a line; runs in its own
environment.

Its trainer wants CUDA, so the loop around its parts is ours, with AdamW and clipping as it sets them. 0.2.2 is the
last version whose Llama attends with ``scaled_dot_product_attention``: 0.3's only choices, flex and varlen, have no
backward on a CPU. Its embeddings are not tied, which costs as many FLOPs and a larger optimizer step.
"""

import json
import sys
import time

import torch
from torchtitan.components.loss import cross_entropy_loss
from torchtitan.models.llama3 import Transformer, TransformerModelArgs


def main() -> None:
    """Say ``ready``, then answer each line with the seconds of the processor that a step took."""
    shape = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    hidden, inner = shape["hidden_size"], shape["ffn_hidden_size"]
    model = Transformer(
        TransformerModelArgs(
            dim=hidden,
            n_layers=shape["num_layers"],
            n_heads=shape["num_heads"],
            n_kv_heads=shape["num_query_groups"],
            vocab_size=shape["vocab_size"],
            ffn_dim_multiplier=inner / int(8 * hidden / 3),
            multiple_of=64,
            max_seq_len=shape["sequence_length"],
        )
    )
    with torch.no_grad():
        model.init_weights()
    assert model.layers["0"].feed_forward.w1.out_features == inner, "another shape"
    for parameter in model.parameters():  # and not the rotations, which are complex numbers
        parameter.data = parameter.data.to(getattr(torch, shape["dtype"]))
    for layer in model.layers.values():
        layer.compile(fullgraph=True)
    loss_function = torch.compile(cross_entropy_loss)
    size = (shape["batch_size"], shape["sequence_length"])
    tokens, targets = (torch.randint(0, shape["vocab_size"], size) for _ in range(2))
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), fused=True)

    def step() -> None:
        loss = loss_function(model(tokens), targets) / tokens.numel()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        adam.step()
        adam.zero_grad()
        loss.item()

    step()
    step()
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.process_time()
        step()
        print(time.process_time() - started, flush=True)


if __name__ == "__main__":
    main()
