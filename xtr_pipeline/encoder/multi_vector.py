"""One unit vector per token: a trunk, an optional linear head, L2 normalisation (ColBERT, arXiv 2004.12832)."""

from __future__ import annotations

from xtr_pipeline.encoder.compute import mx, nn
from xtr_pipeline.encoder.kernels import Kernels, default_kernels
from xtr_pipeline.encoder.trunks import TrunkConfig, make_trunk

# Keeps the length of an all-zero vector from dividing by zero.
SMALLEST_NORM = 1e-12


class MultiVectorEncoder(nn.Module):  # type: ignore[misc]
    """Token vectors of length 1.

    Attributes:
        trunk: `trunks.Trunk`: its word embeddings are `embeddings.word`, its layers `layers`.
        head: Linear(hidden, dim) without bias, or None: then dim is the hidden size.
    """

    def __init__(self, config: TrunkConfig, head_dim: int | None, kernels: Kernels | None = None) -> None:
        """Build with random weights.

        Args:
            config: Geometry.
            head_dim: Width of the head, None for none.
            kernels: Make of the elementwise arithmetic; by default the fastest on this machine.
        """
        super().__init__()
        self.trunk = make_trunk(config, kernels or default_kernels())
        self.head = None if head_dim is None else nn.Linear(config.hidden_size, head_dim, bias=False)

    @property
    def dim(self) -> int:
        """Width of a token vector."""
        weight = self.trunk.embeddings.word.weight if self.head is None else self.head.weight
        return int(weight.shape[1] if self.head is None else weight.shape[0])

    def __call__(self, input_ids: mx.array, mask: mx.array, words: mx.array | None = None) -> mx.array:
        """Encode a padded batch.

        Args:
            input_ids: (batch, tokens) integer ids.
            mask: (batch, tokens), 1 for tokens and 0 for padding.
            words: (batch, tokens, hidden) word embeddings of the ids, where the caller has looked them up.

        Returns:
            (batch, tokens, dim) float32 unit vectors; those of padding mean nothing: the caller masks them.
        """
        hidden = self.trunk(input_ids, mask, words)
        batch, tokens, width = hidden.shape
        rows = hidden.reshape(batch * tokens, width)
        if self.head is not None:
            rows = self.head(rows)
        vectors: mx.array = normalise(rows).reshape(batch, tokens, -1)
        return vectors


def normalise(vectors: mx.array) -> mx.array:
    """Scale vectors (…, dim) to length 1; a zero vector stays zero."""
    return vectors / mx.maximum(mx.linalg.norm(vectors, axis=-1, keepdims=True), SMALLEST_NORM)
