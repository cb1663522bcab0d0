"""A linear head that starts where the base encoder is: the directions that its token vectors use most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.encoding import OnTokens

SAMPLE = 512  # texts; some 50k token vectors, plenty for 384 directions


def pca_head(vectors: NDArray[np.floating], dim: int) -> NDArray[np.float32]:
    """Head whose projection keeps inner products between token vectors best (uncentred principal components).

    MaxSim compares inner products, so that the mean must not be taken off: the right singular vectors of the vectors
    themselves minimise the squared error of their Gram matrix among all projections to `dim` (Eckart and Young 1936).

    Args:
        vectors: (tokens, hidden) token vectors of the encoder without a head.
        dim: Width of the head, at most hidden.

    Returns:
        (dim, hidden) with orthonormal rows, strongest direction first; the sign of each row is fixed (its largest entry
        is positive), so that the same vectors give the same head on every machine.

    Raises:
        ValueError: When there are fewer vectors or hidden dimensions than `dim`, or a vector is not finite.
    """
    tokens, hidden = vectors.shape
    if not 1 <= dim <= min(tokens, hidden):
        raise ValueError(
            f"a head of {dim} dimensions needs at least as many tokens and hidden sizes, not {vectors.shape}"
        )
    exact = vectors.astype(np.float64)
    if not np.isfinite(exact).all():
        raise ValueError("token vectors for the head hold numbers that are not finite: check the encoder's weights")
    # eigenvectors of the Gram matrix are the right singular vectors, from (hidden, hidden) instead of (tokens, hidden)
    _, directions = np.linalg.eigh(exact.T @ exact)
    rows = directions[:, ::-1][:, :dim].T
    largest = rows[np.arange(dim), np.abs(rows).argmax(axis=1)]
    head: NDArray[np.float32] = (rows * np.sign(largest)[:, None]).astype(np.float32, order="C")
    return head


def with_pca_head(
    encoder: Encoder, texts: Sequence[str], dim: int = 128, seed: int = 13, on_progress: OnTokens | None = None
) -> Encoder:
    """The encoder with a head of `dim`, initialised so that its MaxSim scores are close to those without.

    Args:
        encoder: One that has a head already, of whatever width, is returned unchanged.
        texts: Training texts, queries and documents; up to `SAMPLE` of them are drawn.
        dim: Width of the head.
        seed: Decides which texts are drawn.
        on_progress: Hears how far their encode is.

    Raises:
        ValueError: When there are too few tokens.
    """
    if encoder.model.head is not None:
        return encoder
    drawn = np.random.default_rng(seed).permutation(len(texts))[:SAMPLE]
    vectors = encoder.encode_documents([texts[position] for position in sorted(drawn.tolist())], on_progress).vectors
    return encoder.with_head(pca_head(np.asarray(vectors), dim))
