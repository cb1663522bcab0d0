"""Which of a query's candidates a batch shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xtr_pipeline.training.examples import UNJUDGED
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.token_data import Candidate


def draw_candidates(
    candidates: Sequence[Candidate], recipe: Recipe, random: np.random.Generator
) -> tuple[Candidate, ...]:
    """Draw up to `recipe.candidates_per_query` candidates: positives first, then hard negatives, then the undecided.

    Positives take at most half of the places (rounded up) while there is anything else to fill the rest with, best
    grades first; a query whose every candidate is positive would teach nothing. Every candidate was pooled because some
    ranker thought it fits, so all negatives are hard ones; which of them are drawn changes from epoch to epoch. The
    undecided (between negative and positive) take no part in the contrastive term and fill what is left, for the
    listwise one. Of the unjudged ones at most `recipe.mined_negatives` are drawn.

    Args:
        candidates: All graded candidates of one query.
        recipe: Number of places and what counts as positive and negative.
        random: Decides which of several equals are drawn.

    Returns:
        The drawn candidates; all of them where there are no more than places.
    """
    places = recipe.candidates_per_query
    mined = [candidate for candidate in candidates if candidate.grade == UNJUDGED]
    judged = [candidate for candidate in candidates if candidate.grade != UNJUDGED]
    if len(mined) > recipe.mined_negatives:
        mined = [mined[position] for position in random.permutation(len(mined))[: recipe.mined_negatives]]
    candidates = [*judged, *mined]
    if len(candidates) <= places:
        return tuple(candidates)
    shuffled = [candidates[position] for position in random.permutation(len(candidates))]
    positives = sorted((c for c in shuffled if c.grade >= recipe.positive_grade), key=lambda c: -c.grade)
    negatives = [c for c in shuffled if c.grade <= recipe.negative_grade]
    undecided = [c for c in shuffled if recipe.negative_grade < c.grade < recipe.positive_grade]
    first = positives[: (places + 1) // 2]
    rest = negatives + undecided + positives[len(first) :]
    return tuple(first + rest[: places - len(first)])
