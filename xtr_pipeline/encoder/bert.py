"""A BERT encoder (Devlin et al. 2018, arXiv 1810.04805; post-layer-norm) in MLX.

Projections run on (batch * tokens, width) matrices: one GEMM each, whatever the shape of the batch.
"""

from __future__ import annotations

import math

from xtr_pipeline.encoder.bert_config import BertConfig
from xtr_pipeline.encoder.compute import mx, nn
from xtr_pipeline.encoder.heads import as_rows, by_head
from xtr_pipeline.encoder.kernels import Kernels

# Added to the attention scores of padding: e^-10000 is 0, and a row that is all padding still gives numbers.
MASKED_SCORE = -1e4


class BertEmbeddings(nn.Module):  # type: ignore[misc]
    """Word plus position plus segment embeddings, normalised; all tokens are of segment 0."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.segment = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def __call__(self, input_ids: mx.array, words: mx.array | None = None) -> mx.array:
        """(batch, tokens) ids -> (batch, tokens, hidden); `words` are their word embeddings, where they are known."""
        tokens = input_ids.shape[1]
        places = self.position.weight[:tokens] + self.segment.weight[0]
        embedded: mx.array = self.norm((self.word(input_ids) if words is None else words) + places)
        return embedded


class BertLayer(nn.Module):  # type: ignore[misc]
    """Self-attention and a two-layer perceptron, each followed by a residual sum and a layer norm."""

    def __init__(self, config: BertConfig, kernels: Kernels) -> None:
        super().__init__()
        hidden, inner = config.hidden_size, config.intermediate_size
        self.heads = config.num_attention_heads
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.attention_out = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps=config.layer_norm_eps)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm = nn.LayerNorm(hidden, eps=config.layer_norm_eps)
        self.activation = kernels.activation(config.hidden_act)
        self.attention = kernels.attention

    def __call__(self, hidden: mx.array, bias: mx.array) -> mx.array:
        """Contextual outputs of one layer.

        Args:
            hidden: (batch, tokens, hidden).
            bias: What is added to the scores of attention: (batch, 1, 1, tokens), or (batch, heads, tokens, tokens).

        Returns:
            (batch, tokens, hidden).
        """
        batch, tokens, width = hidden.shape
        rows = hidden.reshape(batch * tokens, width)
        query, key, value = (by_head(part(rows), batch, self.heads) for part in (self.query, self.key, self.value))
        attended = self.attention(query, key, value, bias, 1 / math.sqrt(width // self.heads))
        rows = self.attention_norm(rows + self.attention_out(as_rows(attended)))
        rows = self.norm(rows + self.down(self.activation(self.up(rows))))
        outputs: mx.array = rows.reshape(batch, tokens, width)
        return outputs


class BertEncoder(nn.Module):  # type: ignore[misc]
    """Embeddings and layers of a BERT model, without its pooler."""

    def __init__(self, config: BertConfig, kernels: Kernels) -> None:
        super().__init__()
        self.embeddings = BertEmbeddings(config)
        self.layers = [BertLayer(config, kernels) for _ in range(config.num_hidden_layers)]

    def __call__(self, input_ids: mx.array, mask: mx.array, words: mx.array | None = None) -> mx.array:
        """Contextual token outputs.

        Args:
            input_ids: (batch, tokens) integer ids.
            mask: (batch, tokens), 1 for tokens and 0 for padding.
            words: (batch, tokens, hidden) word embeddings of the ids, where the caller has looked them up.

        Returns:
            (batch, tokens, hidden) float32; rows of padding hold finite numbers without a meaning.
        """
        bias = padding_scores(mask)
        hidden = self.embeddings(input_ids, words)
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return hidden


def padding_scores(mask: mx.array) -> mx.array:
    """What keeps padding out of attention, (batch, tokens) -> (batch, 1, 1, tokens)."""
    scores: mx.array = ((1 - mask.astype(mx.float32)) * MASKED_SCORE)[:, None, None, :]
    return scores
