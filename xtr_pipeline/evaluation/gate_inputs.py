"""What the gate accepts as evidence: whole, well-formed runs over the same queries."""

from collections.abc import Collection

import polars as pl

from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.queries import GROUPS, KINDS

_NEEDED = ("model", "mode", "query_id", "kind", *METRICS)


class MalformedRunError(ValueError):
    """Frames that no verdict may rest on; the message lists every problem."""


def check_runs(candidate: pl.DataFrame, incumbent: pl.DataFrame | None, expected_ids: Collection[str] | None) -> None:
    """Check the frames that go into a verdict.

    Raises:
        MalformedRunError: with everything that is wrong in either frame or between them.
    """
    problems = [f"candidate: {problem}" for problem in _run_problems(candidate)]
    if incumbent is not None:
        problems += [f"incumbent: {problem}" for problem in _run_problems(incumbent)]
    if not problems:
        problems += _coverage_problems(candidate, expected_ids)
        problems += _pairing_problems(candidate, incumbent) if incumbent is not None else []
    if problems:
        raise MalformedRunError("the gate cannot judge these runs: " + "; ".join(problems))


def _run_problems(run: pl.DataFrame) -> list[str]:
    missing = [column for column in _NEEDED if column not in run.columns]
    if missing:
        return [f"columns are missing: {', '.join(missing)}"]
    if run.is_empty():
        return ["holds no query"]
    problems = []
    for column in ("model", "mode"):
        values = run[column].unique().to_list()
        if len(values) != 1 or values[0] is None:
            problems.append(f"must hold one {column}, holds {sorted(map(str, values))}")
    nameless = run.filter(pl.col("query_id").is_null() | pl.col("kind").is_null()).height
    if nameless:
        problems.append(f"{nameless} rows without query_id or kind")
    twice = run.filter(run["query_id"].is_duplicated())["query_id"].unique().sort().to_list()
    if twice:
        problems.append(f"queries occur twice: {_some(twice)}")
    strange = sorted(set(run["kind"].drop_nulls()) - set(KINDS))
    if strange:
        problems.append(f"kinds that no threshold covers: {', '.join(strange)} (known: {', '.join(KINDS)})")
    return problems + _metric_problems(run)


def _metric_problems(run: pl.DataFrame) -> list[str]:
    problems = []
    for metric in METRICS:
        column = run[metric]
        if not column.dtype.is_numeric():
            problems.append(f"{metric} is {column.dtype}, must be numbers")
            continue
        # a NaN compares false with everything, so ask for what is inside and negate
        bad = run.filter(~pl.col(metric).cast(pl.Float64).is_between(0, 1).fill_null(False) | pl.col(metric).is_nan())
        if bad.height:
            problems.append(f"{metric} is null, NaN or outside 0..1 for {_some(bad['query_id'].to_list())}")
    return problems


def _coverage_problems(candidate: pl.DataFrame, expected_ids: Collection[str] | None) -> list[str]:
    problems = []
    kinds = set(candidate["kind"])
    if not kinds & set(GROUPS["semantic"]):
        problems.append("candidate: no conceptual or question queries, so that semantic R@10 is unknown")
    if "keyword" not in kinds:
        problems.append("candidate: no keyword queries, so that keyword search is unknown")
    if expected_ids is not None:
        measured = set(candidate["query_id"])
        if lacking := sorted(set(expected_ids) - measured):
            problems.append(f"candidate: {len(lacking)} queries of the spec are missing: {_some(lacking)}")
        if unknown := sorted(measured - set(expected_ids)):
            problems.append(f"candidate: {len(unknown)} queries are not in the spec: {_some(unknown)}")
    return problems


def _pairing_problems(candidate: pl.DataFrame, incumbent: pl.DataFrame) -> list[str]:
    problems = []
    ours, theirs = set(candidate["query_id"]), set(incumbent["query_id"])
    if ours != theirs:
        problems.append(
            f"different query sets: only the candidate has {_some(sorted(ours - theirs))}, "
            f"only the incumbent has {_some(sorted(theirs - ours))}"
        )
    kinds = candidate.join(incumbent, on="query_id", suffix="_incumbent").filter(
        pl.col("kind") != pl.col("kind_incumbent")
    )
    if kinds.height:
        problems.append(f"queries have another kind in the incumbent's run: {_some(kinds['query_id'].to_list())}")
    if candidate["mode"][0] != incumbent["mode"][0]:
        problems.append(f"candidate ran in mode {candidate['mode'][0]}, incumbent in {incumbent['mode'][0]}")
    return problems


def _some(names: list[str], shown: int = 10) -> str:
    if not names:
        return "none"
    rest = len(names) - shown
    return ", ".join(map(str, names[:shown])) + (f" and {rest} more" if rest > 0 else "")
