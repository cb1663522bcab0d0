"""What queries are about, so that those about like things share a batch (topic-aware sampling, arXiv 2104.06967).

Their answers are then each other's negatives, hard ones that cost no document more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.encoding import OnTokens
from xtr_pipeline.encoder.token_vectors import mean_directions
from xtr_pipeline.training.recipe import Recipe

Topics = NDArray[np.float32]
"""(queries, dim) unit vectors."""


def topics_for(
    recipe: Recipe, start: Encoder, queries: Sequence[str], on_progress: OnTokens | None = None
) -> Topics | None:
    """The mean of each query's token vectors, at length 1, where the recipe has batches by topic."""
    if recipe.batching != "topic":
        return None
    return mean_directions(start.encode_queries(queries, on_progress))


def nearest_first(topics: Topics, waiting: Sequence[int]) -> list[int]:
    """The first of some queries, then the others by how like it they are."""
    likeness = topics[list(waiting)] @ topics[waiting[0]]
    likeness[0] = np.inf
    return [waiting[position] for position in np.argsort(-likeness, kind="stable").tolist()]
