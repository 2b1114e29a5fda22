"""A plain PyTorch llama, as one writes it without any framework: what the trainer is measured against."""

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor, nn

from smelt.recipe.training.model import ModelConfig


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of [b, heads, s, head size]."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        hidden, groups = config.hidden_size, config.num_query_groups * config.head_size
        self.attention_norm = nn.RMSNorm(hidden, eps=config.norm_epsilon)
        self.qkv = nn.Linear(hidden, hidden + 2 * groups, bias=False)
        self.out = nn.Linear(hidden, hidden, bias=False)
        self.mlp_norm = nn.RMSNorm(hidden, eps=config.norm_epsilon)
        self.gate_up = nn.Linear(hidden, 2 * config.ffn_hidden_size, bias=False)
        self.down = nn.Linear(config.ffn_hidden_size, hidden, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[b, s, h] to [b, s, h]."""
        batch, length, hidden = x.shape
        heads, groups, size = self.config.num_heads, self.config.num_query_groups, self.config.head_size
        qkv = self.qkv(self.attention_norm(x)).view(batch, length, heads + 2 * groups, size).transpose(1, 2)
        query, key, value = qkv.split((heads, groups, groups), dim=1)
        mixed = F.scaled_dot_product_attention(
            rotate(query, cos, sin), rotate(key, cos, sin), value, is_causal=True, enable_gqa=heads != groups
        )
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, hidden))
        gate, up = self.gate_up(self.mlp_norm(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class PlainLlama(nn.Module):
    """The model; ``forward`` gives the mean loss."""

    def __init__(self, config: ModelConfig, vocab_size: int, sequence_length: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.norm_epsilon)
        self.head = nn.Linear(config.hidden_size, vocab_size, bias=False)
        if config.tied_embeddings:
            self.head.weight = self.embedding.weight
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=config.init_std)
        frequencies = config.rope_base ** -(torch.arange(0, config.head_size, 2) / config.head_size)
        angles = torch.outer(torch.arange(sequence_length), frequencies).repeat(1, 2)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of token ids [b, s] and their successors."""
        x = self.embedding(tokens)
        cos, sin = self.cos.to(x.dtype), self.sin.to(x.dtype)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1).float(), targets.flatten())
