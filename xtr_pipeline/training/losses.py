"""Scores and losses of multi-vector retrieval, as pure functions of token vectors, masks and grades."""

from __future__ import annotations

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.training.examples import UNJUDGED

MASKED = -1e4  # far below any cosine, and finite: an infinity would turn gradients of fully masked rows into NaN
IGNORED = -1  # grade of a candidate that takes no part: padding, or one that may well be right


def maxsim_scores(queries: mx.array, query_mask: mx.array, documents: mx.array, document_mask: mx.array) -> mx.array:
    """Score every query against every document (ColBERT, arXiv 2004.12832, section 3.3; mean instead of sum).

    score(q, d) = mean over the query's tokens of the largest cosine with a token of the document. Padding is set to a
    large negative number before the maximum: multiplying it by 0 would let it beat every negative similarity.

    Args:
        queries: (queries, q_tokens, dim) unit vectors.
        query_mask: (queries, q_tokens), non-zero where there is a token.
        documents: (documents, d_tokens, dim) unit vectors.
        document_mask: (documents, d_tokens), non-zero where there is a token.

    Returns:
        (queries, documents) in [-1, 1]; a document without tokens gets `MASKED`, a query without tokens 0.
    """
    rows, q_tokens, dim = queries.shape
    count, d_tokens, _ = documents.shape
    # one product over all tokens: (queries * q_tokens, documents * d_tokens)
    similarity = queries.reshape(-1, dim) @ documents.reshape(-1, dim).T
    similarity = similarity.reshape(rows, q_tokens, count, d_tokens)
    best = mx.where(document_mask > 0, similarity, MASKED).max(axis=-1)
    present = (query_mask > 0).astype(similarity.dtype)
    total = (best * present[:, :, None]).sum(axis=1)
    return total / mx.maximum(present.sum(axis=1), 1.0)[:, None]


def contrastive_loss(
    scores: mx.array, grades: mx.array, temperature: float, positive_grade: int = 4, negative_grade: int = 2
) -> mx.array:
    """InfoNCE with several positives (arXiv 1807.03748, equation 4), over graded and in-batch negatives.

    For each positive p of a query, -log(exp(s_p/t) / (exp(s_p/t) + sum over negatives n of exp(s_n/t))): a positive
    never competes with another positive. Mean over a query's positives, then over the queries that have one.

    Args:
        scores: (queries, documents).
        grades: (queries, documents) integers: 1-5, `UNJUDGED` for in-batch and mined negatives, `IGNORED` for what is
            left out.
        temperature: Divides the scores.
        positive_grade: Grades from here on are positives.
        negative_grade: Grades from `UNJUDGED` up to here are negatives; those between take no part.

    Returns:
        Scalar; 0 where no query has a positive.
    """
    positive = grades >= positive_grade
    negative = (grades >= UNJUDGED) & (grades <= negative_grade)
    logits = scores.astype(mx.float32) / temperature
    against = mx.logsumexp(mx.where(negative, logits, MASKED / temperature), axis=1, keepdims=True)
    each = mx.logaddexp(logits, against) - logits
    weight = positive.astype(mx.float32)
    weight = weight / mx.maximum(weight.sum(axis=1, keepdims=True), 1.0)
    per_query = mx.where(positive, each, 0.0) * weight
    return per_query.sum() / mx.maximum(positive.any(axis=1).sum(), 1)


def listwise_loss(scores: mx.array, grades: mx.array, temperature: float, grade_spread: float) -> mx.array:
    """KL divergence from a softmax over a query's grades to the softmax over its scores (ListNet, Cao et al. 2007).

    Grades are rescaled so that 1 and 5 lie `grade_spread` apart, the distance that MaxSim is asked to put between them,
    and both sides are divided by the same temperature. Only judged candidates take part; a query with fewer than two
    different grades says nothing about order and is left out. 0 exactly where the scores have the wanted distances.

    Args:
        scores: (queries, documents).
        grades: (queries, documents) integers; 1-5 are judged, everything else is left out.
        temperature: Divides scores and rescaled grades.
        grade_spread: Wanted difference of scores between grade 5 and grade 1.

    Returns:
        Scalar: mean over the queries that take part, 0 where there are none.
    """
    judged = grades >= 1
    wanted = (grades - 1).astype(mx.float32) / 4 * grade_spread / temperature
    target = _masked_log_softmax(wanted, judged)
    student = _masked_log_softmax(scores.astype(mx.float32) / temperature, judged)
    divergence = mx.where(judged, mx.exp(target) * (target - student), 0.0).sum(axis=1)
    highest = mx.where(judged, grades, 0).max(axis=1)
    lowest = mx.where(judged, grades, 6).min(axis=1)
    ordered = highest > lowest
    return mx.where(ordered, divergence, 0.0).sum() / mx.maximum(ordered.sum(), 1)


def _masked_log_softmax(logits: mx.array, keep: mx.array) -> mx.array:
    masked = mx.where(keep, logits, MASKED)
    return masked - mx.logsumexp(masked, axis=1, keepdims=True)
