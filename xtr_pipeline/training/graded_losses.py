"""Losses that ask for the judge's distances between grades: regression, ordinal regression and margins.

All three look at the differences between a query's own candidates. The level of MaxSim depends on the query's words (a
rare word has no close match anywhere), so that a score by itself says nothing about a grade.
"""

from __future__ import annotations

from xtr_pipeline.encoder.compute import mx

GRADES = (1, 2, 3, 4, 5)


def mse_loss(scores: mx.array, grades: mx.array, grade_spread: float) -> mx.array:
    """Mean squared error between scores and rescaled grades, both taken off their mean over the query's candidates.

    Args:
        scores: (queries, documents).
        grades: (queries, documents) integers; 1-5 are judged, everything else is left out.
        grade_spread: Wanted difference of scores between grade 5 and grade 1; errors are measured in it, so that the
            loss is 1 where scores are wrong by that much.

    Returns:
        Scalar: mean over a query's judged candidates, then over the queries with two different grades; 0 without any.
    """
    judged = grades >= 1
    off = _centred(scores, judged) / grade_spread - _centred((grades - 1).astype(mx.float32) / 4, judged)
    return _over_queries(_mean(off * off, judged), grades)


def ordinal_loss(scores: mx.array, grades: mx.array, temperature: float, grade_spread: float) -> mx.array:
    """Ordinal regression by all thresholds (proportional odds, McCullagh 1980; Rennie & Srebro 2005).

    Between each two neighbouring grades lies a threshold, and every candidate is to be on its side of all four:
    -log sigmoid(+-(score - threshold) / temperature). The thresholds lie midway between the rescaled grades, and the
    query's scores are shifted so that their mean is that of its grades.

    Args:
        scores: (queries, documents).
        grades: (queries, documents) integers; 1-5 are judged, everything else is left out.
        temperature: Divides distances to thresholds.
        grade_spread: Wanted difference of scores between grade 5 and grade 1.

    Returns:
        Scalar: mean over thresholds and a query's judged candidates, then over the queries with two different grades.
    """
    judged = grades >= 1
    scaled = (grades - 1).astype(mx.float32) / 4 * grade_spread
    placed = _centred(scores, judged) + scaled - _centred(scaled, judged)
    total = mx.zeros(scores.shape)
    for below in GRADES[:-1]:
        side = mx.where(grades > below, 1.0, -1.0)
        threshold = (below - 0.5) / 4 * grade_spread
        total = total + mx.logaddexp(-side * (placed - threshold) / temperature, 0.0)
    return _over_queries(_mean(total / (len(GRADES) - 1), judged), grades)


def margin_loss(scores: mx.array, grades: mx.array, grade_spread: float) -> mx.array:
    """Hinge over pairs of a query's candidates; the margin grows with the difference of their grades.

    max(0, wanted - (s_better - s_worse)) / grade_spread with wanted = grade_spread * difference of grades / 4.

    Args:
        scores: (queries, documents).
        grades: (queries, documents) integers; 1-5 are judged, everything else is left out.
        grade_spread: Wanted difference of scores between grade 5 and grade 1.

    Returns:
        Scalar: mean over a query's pairs of different grades, then over the queries that have one; 0 without any.
    """
    judged = grades >= 1
    better = (grades[:, :, None] > grades[:, None, :]) & judged[:, :, None] & judged[:, None, :]
    wanted = (grades[:, :, None] - grades[:, None, :]).astype(mx.float32) / 4
    reached = (scores[:, :, None] - scores[:, None, :]).astype(mx.float32) / grade_spread
    hinge = mx.where(better, mx.maximum(wanted - reached, 0.0), 0.0).sum(axis=(1, 2))
    return _over_queries(hinge / mx.maximum(better.sum(axis=(1, 2)), 1), grades)


def _centred(values: mx.array, judged: mx.array) -> mx.array:
    """Values less their mean over the judged candidates, 0 elsewhere."""
    values = values.astype(mx.float32)
    centre = _mean(values, judged)[:, None]
    return mx.where(judged, values - centre, 0.0)


def _mean(values: mx.array, judged: mx.array) -> mx.array:
    return mx.where(judged, values, 0.0).sum(axis=1) / mx.maximum(judged.sum(axis=1), 1)


def _over_queries(each: mx.array, grades: mx.array) -> mx.array:
    """Mean over the queries whose candidates differ in grade: the others say nothing about distances."""
    judged = grades >= 1
    differ = mx.where(judged, grades, 0).max(axis=1) > mx.where(judged, grades, 6).min(axis=1)
    return mx.where(differ, each, 0.0).sum() / mx.maximum(differ.sum(), 1)
