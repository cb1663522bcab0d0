"""The gate: passing and failing for every reason, and what it refuses to judge."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtr_pipeline.evaluation.gate import Condition, Thresholds, Verdict, judge_promotion
from xtr_pipeline.evaluation.gate_inputs import MalformedRunError
from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline_tests.evaluation.runs import run_of, shares

FAST = Thresholds(resamples=500)
GOOD = {"conceptual": shares(58, 60), "question": shares(38, 40), "keyword": shares(49, 50)}


def with_metric(run: pl.DataFrame, metric: str, kind: str, values: list[float]) -> pl.DataFrame:
    chosen = run.filter(pl.col("kind") == kind).with_columns(pl.Series(metric, values, dtype=pl.Float64))
    return pl.concat([run.filter(pl.col("kind") != kind), chosen])


def test_a_good_candidate_without_an_incumbent_passes():
    verdict = judge_promotion(run_of(GOOD), None, FAST)
    assert verdict.passed
    assert verdict.reasons == ()
    assert verdict.numbers["semantic R@10"] == pytest.approx(0.96)
    assert 0.90 < verdict.numbers["semantic R@10 lower bound"] < 0.96
    assert [condition.name for condition in verdict.conditions] == ["semantic R@10", "keyword R@10", "keyword P@1"]


def test_a_good_candidate_that_equals_the_incumbent_passes():
    verdict = judge_promotion(run_of(GOOD), run_of(GOOD, model="promoted"), FAST)
    assert verdict.passed
    assert len(verdict.conditions) == 3 + 4 * len(METRICS)


def test_semantic_recall_must_be_greater_than_its_threshold_and_the_reason_says_by_how_much():
    verdict = judge_promotion(run_of({**GOOD, "conceptual": shares(52, 60), "question": shares(38, 40)}), None, FAST)
    assert not verdict.passed
    assert verdict.numbers["semantic R@10"] == pytest.approx(0.90)
    (reason,) = verdict.reasons
    assert "semantic R@10 is 0.900, needs > 0.900: 0.0000 short" in reason
    assert "one-sided 95% lower bound 0.840, 100 queries" in reason
    worse = judge_promotion(run_of({**GOOD, "conceptual": shares(32, 60)}), None, FAST)
    assert "0.2000 short" in worse.reasons[0]
    better = judge_promotion(run_of({**GOOD, "conceptual": shares(53, 60)}), None, FAST)
    assert better.passed


def test_keyword_recall_and_precision_have_to_reach_their_thresholds_exactly():
    at = with_metric(run_of({**GOOD, "keyword": shares(38, 40)}), "P@1", "keyword", shares(36, 40))
    assert judge_promotion(at, None, FAST).passed
    below = with_metric(run_of({**GOOD, "keyword": shares(37, 40)}), "P@1", "keyword", shares(35, 40))
    verdict = judge_promotion(below, None, FAST)
    assert [reason.partition(" is ")[0] for reason in verdict.reasons] == ["keyword R@10", "keyword P@1"]
    assert "needs >= 0.950: 0.0250 short" in verdict.reasons[0]
    assert "needs >= 0.900: 0.0250 short" in verdict.reasons[1]


def test_thirds_that_add_up_to_the_threshold_reach_it():
    keyword = [1 / 3, 1 / 3, 1 / 3] + [1.0] * 37
    run = with_metric(run_of({**GOOD, "keyword": keyword}), "P@1", "keyword", [1.0] * 40)
    assert judge_promotion(run, None, FAST).passed


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", ["conceptual", "question", "keyword"])
def test_a_significant_loss_in_any_metric_of_any_kind_refuses(metric: str, kind: str):
    incumbent = run_of({"conceptual": [1.0] * 60, "question": [1.0] * 40, "keyword": [1.0] * 100}, model="promoted")
    size = incumbent.filter(pl.col("kind") == kind).height
    lost = with_metric(incumbent, metric, kind, shares(size - 5, size)).with_columns(model=pl.lit("candidate"))
    verdict = judge_promotion(lost, incumbent, Thresholds(resamples=2000))
    assert not verdict.passed
    named = [reason for reason in verdict.reasons if reason.startswith(f"{kind} {metric} is significantly below")]
    assert len(named) == 1
    assert f"{-5 / size:+.3f}" in named[0]
    assert all(metric in reason for reason in verdict.reasons)


def test_a_loss_within_noise_does_not_refuse():
    incumbent = run_of({**GOOD, "keyword": [1.0] * 50}, model="promoted")
    verdict = judge_promotion(run_of({**GOOD, "keyword": shares(49, 50)}), incumbent, FAST)
    assert verdict.passed
    assert verdict.numbers["keyword MRR against incumbent"] == pytest.approx(-0.02)


def test_a_run_that_is_no_promotion_is_refused_however_good_and_says_why():
    verdict = judge_promotion(run_of(GOOD), None, FAST, promotable=False)
    assert not verdict.passed
    assert len(verdict.reasons) == 1
    assert "quick profile" in verdict.reasons[0]
    worse = judge_promotion(run_of({**GOOD, "keyword": shares(1, 50)}), None, FAST, promotable=False)
    assert len(worse.reasons) == 3


def test_every_reason_is_listed_and_not_the_first_only():
    bad = {"conceptual": shares(10, 60), "question": shares(10, 40), "keyword": shares(10, 50)}
    verdict = judge_promotion(run_of(bad), run_of(GOOD, model="promoted"), FAST)
    assert len(verdict.reasons) == 3 + 4 * len(METRICS)


def test_the_order_of_rows_does_not_matter():
    candidate, incumbent = run_of(GOOD), run_of({**GOOD, "question": shares(40, 40)}, model="promoted")
    shuffled = candidate.sample(fraction=1, shuffle=True, seed=1)
    assert judge_promotion(shuffled, incumbent, FAST) == judge_promotion(candidate, incumbent.reverse(), FAST)


VALUES = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 1.0])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_raising_any_metric_of_any_query_never_turns_a_pass_into_a_refusal(data: st.DataObject):
    sizes = {"conceptual": 6, "question": 5, "keyword": 8}
    candidate = run_of({kind: data.draw(st.lists(VALUES, min_size=n, max_size=n)) for kind, n in sizes.items()})
    incumbent = run_of(
        {kind: data.draw(st.lists(VALUES, min_size=n, max_size=n)) for kind, n in sizes.items()}, model="promoted"
    )
    lenient = Thresholds(semantic_recall=0.3, keyword_recall=0.3, keyword_precision=0.3, resamples=200)
    metric = data.draw(st.sampled_from(METRICS))
    raised = pl.Series(metric, [max(v, data.draw(VALUES)) for v in candidate[metric]])
    before = judge_promotion(candidate, incumbent, lenient)
    after = judge_promotion(candidate.with_columns(raised), incumbent, lenient)
    assert after.passed or not before.passed
    assert set(after.numbers) == set(before.numbers)
    unmet = {c.name for c in after.conditions if not c.met}
    assert unmet <= {c.name for c in before.conditions if not c.met}


def broken(column: str, value: float | None) -> pl.DataFrame:
    run = run_of(GOOD)
    first = pl.col("query_id") == "keyword-000"
    return run.with_columns(pl.when(first).then(pl.lit(value, dtype=pl.Float64)).otherwise(column).alias(column))


@pytest.mark.parametrize("value", [math.nan, None, math.inf, -0.1, 1.1])
@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_that_is_no_share_raises_in_either_run(metric: str, value: float | None):
    for candidate, incumbent in ((broken(metric, value), None), (run_of(GOOD), broken(metric, value))):
        with pytest.raises(MalformedRunError, match=f"{metric} is null, NaN or outside 0..1 for keyword-000"):
            judge_promotion(candidate, incumbent, FAST)


def test_a_missing_query_raises():
    run = run_of(GOOD)
    ids = run["query_id"].to_list()
    assert judge_promotion(run, None, FAST, expected_ids=ids).passed
    with pytest.raises(MalformedRunError, match="1 queries of the spec are missing: question-039"):
        judge_promotion(run.filter(pl.col("query_id") != "question-039"), None, FAST, expected_ids=ids)
    with pytest.raises(MalformedRunError, match="1 queries are not in the spec: keyword-000"):
        judge_promotion(run, None, FAST, expected_ids=[name for name in ids if name != "keyword-000"])


def test_different_query_sets_raise():
    with pytest.raises(MalformedRunError, match="only the candidate has keyword-049, only the incumbent has none"):
        judge_promotion(run_of(GOOD), run_of({**GOOD, "keyword": shares(49, 49)}), FAST)


@pytest.mark.parametrize(
    ("candidate", "complaint"),
    [
        (run_of(GOOD).clear(), "holds no query"),
        (run_of(GOOD).drop("MRR"), "columns are missing: MRR"),
        (pl.concat([run_of(GOOD), run_of(GOOD).head(1)]), "queries occur twice: conceptual-000"),
        (pl.concat([run_of(GOOD), run_of({"keyword": [1] * 51}, model="b").tail(1)]), "must hold one model"),
        (pl.concat([run_of(GOOD), run_of({"keyword": [1] * 51}, mode="bm25").tail(1)]), "must hold one mode"),
        (run_of({**GOOD, "keywords": [1.0]}), "kinds that no threshold covers: keywords"),
        (run_of({"keyword": [1.0]}), "no conceptual or question queries"),
        (run_of({"question": [1.0]}), "no keyword queries"),
        (run_of(GOOD).with_columns(MRR=pl.lit("1")), "MRR is String"),
        (run_of(GOOD).with_columns(kind=pl.lit(None, dtype=pl.String)), "rows without query_id or kind"),
    ],
)
def test_malformed_runs_raise_and_never_pass(candidate: pl.DataFrame, complaint: str):
    with pytest.raises(MalformedRunError, match=complaint):
        judge_promotion(candidate, None, FAST)


def test_runs_of_different_modes_or_kinds_cannot_be_paired():
    candidate = run_of(GOOD)
    with pytest.raises(MalformedRunError, match="candidate ran in mode semantic, incumbent in bm25"):
        judge_promotion(candidate, run_of(GOOD, mode="bm25"), FAST)
    renamed = candidate.with_columns(
        kind=pl.when(pl.col("query_id") == "keyword-000").then(pl.lit("question")).otherwise("kind")
    )
    with pytest.raises(MalformedRunError, match="another kind in the incumbent's run: keyword-000"):
        judge_promotion(candidate, renamed, FAST)


def test_all_that_is_wrong_is_in_one_message():
    with pytest.raises(MalformedRunError) as caught:
        judge_promotion(broken("MRR", math.nan), run_of(GOOD).drop("P@1"), FAST)
    assert "candidate: MRR" in str(caught.value)
    assert "incumbent: columns are missing: P@1" in str(caught.value)


def test_the_thresholds_are_those_of_the_project():
    assert Thresholds() == Thresholds(
        semantic_recall=0.90, keyword_recall=0.95, keyword_precision=0.90, alpha=0.05, confidence=0.95
    )


def test_a_verdict_cannot_contradict_itself():
    with pytest.raises(ValueError, match="contradicting"):
        Verdict(passed=True, reasons=("too low",))
    with pytest.raises(ValueError, match="contradicting"):
        Verdict(passed=False, reasons=())
    unmet = Condition("keyword R@10", 0.1, ">= 0.95", -0.85, met=False, reason="too low")
    with pytest.raises(ValueError, match="contradicting"):
        Verdict(passed=True, reasons=(), conditions=(unmet,))
