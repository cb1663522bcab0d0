"""The encoder of T5 v1.1 (Raffel et al. 2020, arXiv 1910.10683; v1.1: gated GELU, Shazeer 2020, arXiv 2002.05202).

It differs from BERT in three ways: layer norms come first and only scale, positions are biases of the attention scores
by bucketed distance (one table, shared by all layers), and scores are not divided by the square root of the head size.
"""

from __future__ import annotations

import math

from xtr_pipeline.encoder.bert import padding_scores
from xtr_pipeline.encoder.compute import mx, nn
from xtr_pipeline.encoder.heads import as_rows, by_head
from xtr_pipeline.encoder.kernels import Kernels
from xtr_pipeline.encoder.t5_config import T5Config


class T5Embeddings(nn.Module):  # type: ignore[misc]
    """Word embeddings, and nothing else."""

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.word = nn.Embedding(config.vocab_size, config.d_model)

    def __call__(self, input_ids: mx.array, words: mx.array | None = None) -> mx.array:
        """(batch, tokens) ids -> (batch, tokens, d_model); `words` are their embeddings, where they are known."""
        embedded: mx.array = self.word(input_ids) if words is None else words
        return embedded


class T5Layer(nn.Module):  # type: ignore[misc]
    """Self-attention and a gated perceptron, each after a norm and beside a residual sum."""

    def __init__(self, config: T5Config, kernels: Kernels) -> None:
        super().__init__()
        width, inner = config.d_model, config.num_heads * config.d_kv
        self.heads = config.num_heads
        self.attention_norm = nn.RMSNorm(width, eps=config.layer_norm_epsilon)
        self.query = nn.Linear(width, inner, bias=False)
        self.key = nn.Linear(width, inner, bias=False)
        self.value = nn.Linear(width, inner, bias=False)
        self.attention_out = nn.Linear(inner, width, bias=False)
        self.norm = nn.RMSNorm(width, eps=config.layer_norm_epsilon)
        self.gate = nn.Linear(width, config.d_ff, bias=False)
        self.up = nn.Linear(width, config.d_ff, bias=False)
        self.down = nn.Linear(config.d_ff, width, bias=False)
        self.activation = kernels.activation("gelu_new")
        self.attention = kernels.attention

    def __call__(self, hidden: mx.array, bias: mx.array) -> mx.array:
        """(batch, tokens, d_model), (batch, heads, tokens, tokens) -> (batch, tokens, d_model)."""
        batch, tokens, width = hidden.shape
        rows = hidden.reshape(batch * tokens, width)
        normed = self.attention_norm(rows)
        query, key, value = (by_head(part(normed), batch, self.heads) for part in (self.query, self.key, self.value))
        rows = rows + self.attention_out(as_rows(self.attention(query, key, value, bias, 1.0)))
        normed = self.norm(rows)
        rows = rows + self.down(self.activation(self.gate(normed)) * self.up(normed))
        outputs: mx.array = rows.reshape(batch, tokens, width)
        return outputs


class T5Encoder(nn.Module):  # type: ignore[misc]
    """Embeddings, layers, the table of position biases and the last norm."""

    def __init__(self, config: T5Config, kernels: Kernels) -> None:
        super().__init__()
        self.buckets, self.max_distance = config.relative_attention_num_buckets, config.relative_attention_max_distance
        self.embeddings = T5Embeddings(config)
        self.position_bias = nn.Embedding(config.relative_attention_num_buckets, config.num_heads)
        self.layers = [T5Layer(config, kernels) for _ in range(config.num_layers)]
        self.norm = nn.RMSNorm(config.d_model, eps=config.layer_norm_epsilon)

    def __call__(self, input_ids: mx.array, mask: mx.array, words: mx.array | None = None) -> mx.array:
        """Contextual token outputs; arguments and result as of `BertEncoder`."""
        tokens = input_ids.shape[1]
        hidden = self.embeddings(input_ids, words)
        by_distance = self.position_bias(relative_buckets(tokens, self.buckets, self.max_distance)).transpose(2, 0, 1)
        bias = by_distance[None] + padding_scores(mask)
        for layer in self.layers:
            hidden = layer(hidden, bias)
        outputs: mx.array = self.norm(hidden)
        return outputs


def relative_buckets(tokens: int, buckets: int, max_distance: int) -> mx.array:
    """Bucket of every pair of places, (tokens, tokens) as [query, key].

    Half of the buckets are for keys before the query and half for keys after it; of each half, the first half are
    single distances, the others grow logarithmically up to `max_distance`, beyond which all share the last one.
    """
    places = mx.arange(tokens)
    distance = places[None, :] - places[:, None]
    half = buckets // 2
    single = half // 2
    length = mx.abs(distance)
    # the clip keeps log(0) away; distances below `single` do not use it
    growth = mx.log(mx.maximum(length, 1).astype(mx.float32) / single) / math.log(max_distance / single)
    logarithmic = mx.minimum(single + (growth * (half - single)).astype(mx.int32), half - 1)
    return mx.where(distance > 0, half, 0) + mx.where(length < single, length, logarithmic)
