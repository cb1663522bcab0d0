"""The encoder of MPNet (Song et al. 2020, arXiv 2004.09297): BERT's layers, with T5's biases by distance besides.

Texts are padded on the right here, so that places can be counted without looking at the ids.
"""

from __future__ import annotations

from xtr_pipeline.encoder.bert import BertLayer, padding_scores
from xtr_pipeline.encoder.compute import mx, nn
from xtr_pipeline.encoder.kernels import Kernels
from xtr_pipeline.encoder.mpnet_config import BUCKETS, FIRST_POSITION, MPNetConfig
from xtr_pipeline.encoder.t5 import relative_buckets

MAX_DISTANCE = 128  # no config.json says it


class MPNetEmbeddings(nn.Module):  # type: ignore[misc]
    """Word plus position embeddings, normalised."""

    def __init__(self, config: MPNetConfig) -> None:
        super().__init__()
        self.word = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def __call__(self, input_ids: mx.array, words: mx.array | None = None) -> mx.array:
        """(batch, tokens) ids -> (batch, tokens, hidden); `words` are their word embeddings, where they are known."""
        places = self.position.weight[FIRST_POSITION : FIRST_POSITION + input_ids.shape[1]]
        embedded: mx.array = self.norm((self.word(input_ids) if words is None else words) + places)
        return embedded


class MPNetEncoder(nn.Module):  # type: ignore[misc]
    """Embeddings, layers and the table of position biases that all of them share, without MPNet's pooler."""

    def __init__(self, config: MPNetConfig, kernels: Kernels) -> None:
        super().__init__()
        self.embeddings = MPNetEmbeddings(config)
        self.position_bias = nn.Embedding(BUCKETS, config.num_attention_heads)
        self.layers = [BertLayer(config, kernels) for _ in range(config.num_hidden_layers)]

    def __call__(self, input_ids: mx.array, mask: mx.array, words: mx.array | None = None) -> mx.array:
        """Contextual token outputs; arguments and result as of `BertEncoder`."""
        hidden = self.embeddings(input_ids, words)
        by_distance = self.position_bias(relative_buckets(input_ids.shape[1], BUCKETS, MAX_DISTANCE))
        bias = by_distance.transpose(2, 0, 1)[None] + padding_scores(mask)
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return hidden
