"""The gate: one pure predicate that decides whether a candidate may be promoted.

It reads the per-query frame of the mode that users run by default, the same mode for every kind of query. The blocking
check and the promotion itself both call it, so that neither can be gone round.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from xtr_pipeline.evaluation.bounds import wilson_lower
from xtr_pipeline.evaluation.gate_inputs import check_runs
from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.queries import GROUPS, KINDS
from xtr_pipeline.evaluation.resampling import RESAMPLES, SEED
from xtr_pipeline.evaluation.significance import compare_runs

# a mean of thirds must not miss a threshold, or clear one, by its last bit
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Thresholds:
    """What a candidate must reach."""

    semantic_recall: float = 0.90
    """Mean R@10 over conceptual and question queries must be GREATER than this."""
    keyword_recall: float = 0.95
    """Mean R@10 over keyword queries, at least."""
    keyword_precision: float = 0.90
    """Mean P@1 over keyword queries, at least."""
    alpha: float = 0.05
    """A metric counts as below the incumbent's when the one-sided p of the paired test is smaller."""
    confidence: float = 0.95
    """Confidence of the one-sided lower bound that is shown beside semantic R@10."""
    resamples: int = RESAMPLES
    seed: int = SEED


@dataclass(frozen=True)
class Condition:
    """One line of the verdict: a measured figure against what it needs."""

    name: str
    value: float
    needed: str
    margin: float
    """By how much the figure clears (positive) or misses (negative) what it needs."""
    met: bool
    reason: str
    """The line in words."""


@dataclass(frozen=True)
class Verdict:
    """The gate's decision: `reasons` lists why it refuses, and is empty exactly when it passed."""

    passed: bool
    reasons: tuple[str, ...]
    numbers: dict[str, float] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        """A verdict that contradicts itself must not exist.

        Raises:
            ValueError: passed with reasons against it, or refused without any.
        """
        unmet = [condition.name for condition in self.conditions if not condition.met]
        if self.passed == bool(self.reasons) or (self.passed and unmet):
            raise ValueError(f"contradicting verdict: passed={self.passed}, reasons={self.reasons}, unmet={unmet}")


def judge_promotion(
    candidate: pl.DataFrame,
    incumbent: pl.DataFrame | None,
    thresholds: Thresholds | None = None,
    *,
    promotable: bool = True,
    expected_ids: Collection[str] | None = None,
) -> Verdict:
    """Decide whether the candidate may replace the incumbent.

    The regression tests cover every metric of every kind and of the semantic group, each at `alpha` without correction
    for their number: a false refusal costs a night, a promoted regression costs the users' trust.

    Args:
        candidate: per-query frame of the candidate in the default mode.
        incumbent: that of the promoted model (or of the base encoder) over the same queries in the same mode; None when
            there is nothing to compare with.
        thresholds: what is asked; None means the project's own.
        promotable: False for a run that sees too little to promote anything, such as the quick profile's: always
            refused, with that reason.
        expected_ids: ids of all queries of the spec; a frame that lacks one is malformed.

    Returns:
        The verdict with every reason and by how much, numbers by name, and a row for every condition.

    Raises:
        MalformedRunError: missing or duplicate queries, different query sets, null, NaN or out-of-range metrics,
            several models or modes in one frame, no semantic or no keyword queries. Such input is never a mere refusal.
    """
    asked = thresholds or Thresholds()
    check_runs(candidate, incumbent, expected_ids)
    semantic = candidate.filter(pl.col("kind").is_in(GROUPS["semantic"]))
    keyword = candidate.filter(pl.col("kind") == "keyword")
    lower = wilson_lower(float(semantic["R@10"].sum()), semantic.height, asked.confidence)
    bound = f" (one-sided {asked.confidence:.0%} lower bound {lower:.3f}, {semantic.height} queries)"
    conditions = [
        _threshold("semantic R@10", _mean(semantic, "R@10"), asked.semantic_recall, strict=True, remark=bound),
        _threshold("keyword R@10", _mean(keyword, "R@10"), asked.keyword_recall),
        _threshold("keyword P@1", _mean(keyword, "P@1"), asked.keyword_precision),
    ]
    numbers = {condition.name: condition.value for condition in conditions}
    numbers["semantic R@10 lower bound"] = lower
    if incumbent is not None:
        regressions, compared = _compare(candidate, incumbent, asked)
        conditions += regressions
        numbers |= compared
    reasons = [condition.reason for condition in conditions if not condition.met]
    if not promotable:
        reasons.insert(0, "not a promotion: a first look at few repos with few steps (the quick profile) never is one")
    return Verdict(not reasons, tuple(reasons), numbers, tuple(conditions))


def _threshold(name: str, value: float, threshold: float, *, strict: bool = False, remark: str = "") -> Condition:
    margin = value - threshold
    met = margin > _ROUNDING if strict else margin >= -_ROUNDING
    needed = f"{'>' if strict else '>='} {threshold:.3f}"
    outcome = f"cleared by {abs(margin):.4f}" if met else f"{abs(margin):.4f} short"
    return Condition(name, value, needed, margin, met, f"{name} is {value:.3f}, needs {needed}: {outcome}{remark}")


def _compare(
    candidate: pl.DataFrame, incumbent: pl.DataFrame, asked: Thresholds
) -> tuple[list[Condition], dict[str, float]]:
    conditions: list[Condition] = []
    numbers: dict[str, float] = {}
    for part, kinds in {**GROUPS, **{kind: (kind,) for kind in KINDS}}.items():
        ours, theirs = (run.filter(pl.col("kind").is_in(kinds)) for run in (candidate, incumbent))
        if ours.is_empty():
            continue
        tests = compare_runs(ours, theirs, metrics=METRICS, seed=asked.seed, resamples=asked.resamples)
        for metric, test in tests.items():
            name = f"{part} {metric} against incumbent"
            met = test.p_worse >= asked.alpha
            relation = "is not significantly" if met else "is significantly"
            conditions.append(
                Condition(
                    name,
                    test.difference,
                    f"p >= {asked.alpha:g}",
                    test.p_worse - asked.alpha,
                    met,
                    f"{part} {metric} {relation} below the incumbent's: {_mean(ours, metric):.3f} against "
                    f"{_mean(theirs, metric):.3f} ({test.difference:+.3f}, one-sided p = {test.p_worse:.4f})",
                )
            )
            numbers |= {name: test.difference, f"{name} p": test.p_worse}
    return conditions, numbers


def _mean(rows: pl.DataFrame, metric: str) -> float:
    return float(rows[metric].to_numpy().mean())
