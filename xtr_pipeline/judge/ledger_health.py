"""What must hold for labels to be trained on, as pure predicates: each gives its problems, none when all is well."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from xtr_pipeline.corpus.reserved import is_reserved
from xtr_pipeline.judge.attachment import Attached
from xtr_pipeline.judge.records import GRADES, POSITIVE_GRADE

MINIMUM_ATTACHED = 0.95
MAXIMUM_ONE_GRADE = 0.8
POSITIVE_SHARES = (0.03, 0.6)
MINIMUM_GRADES_TO_JUDGE = 50


def grade_problems(grades: pl.DataFrame) -> list[str]:
    """Grades out of range, and grades that show no judgement; a repo without grades is none of these."""
    return [*grade_range_problems(grades), *degenerate_grade_problems(grades)]


def grade_range_problems(grades: pl.DataFrame) -> list[str]:
    """Grades outside 1 to 5."""
    outside = grades.filter(~pl.col("grade").is_in(GRADES))
    return [f"{outside.height} grades are not within 1 to 5"] if outside.height else []


def degenerate_grade_problems(grades: pl.DataFrame) -> list[str]:
    """Signs of a judge that does not discriminate: one grade nearly always, hardly a positive, or positives everywhere.

    Fewer than 50 grades are too few to tell, and pass.
    """
    if grades.height < MINIMUM_GRADES_TO_JUDGE:
        return []
    problems = []
    counts = dict(grades.group_by("grade").len().iter_rows())
    grade, most = max(counts.items(), key=lambda item: (item[1], -item[0]))
    if most / grades.height > MAXIMUM_ONE_GRADE:
        problems.append(f"{most / grades.height:.0%} of the grades are {grade}, more than {MAXIMUM_ONE_GRADE:.0%}")
    positive = sum(count for value, count in counts.items() if value >= POSITIVE_GRADE) / grades.height
    low, high = POSITIVE_SHARES
    if not low <= positive <= high:
        problems.append(f"{positive:.0%} of the grades are 4 or 5, expected {low:.0%} to {high:.0%}")
    return problems


def forbidden_repo_problems(labels: pl.DataFrame, labelled: Collection[str], reserved: frozenset[str]) -> list[str]:
    """Repos in queries or grades (column `repo`) that are reserved, or not among those that may be labelled.

    Args:
        labels: Queries or grades.
        labelled: The registry's train and dev repos; so a repo that is evaluated or in no registry is a problem.
        reserved: Normalised names (see `corpus.reserved`).
    """
    repos = sorted(set(labels["repo"].to_list()))
    kept = [name for name in repos if is_reserved(name, reserved)]
    strange = [name for name in repos if name not in labelled and name not in kept]
    problems = [f"labels from repos that are reserved for evaluation: {', '.join(kept)}"] if kept else []
    if strange:
        problems.append(f"labels from repos that are no train or dev repos of the registry: {', '.join(strange)}")
    return problems


def orphan_problems(queries: pl.DataFrame, grades: pl.DataFrame, attached: Attached) -> list[str]:
    """Grades of queries that the ledger does not hold, and too many grades whose unit is gone."""
    problems = []
    strays = grades.join(queries.select("query_id"), on="query_id", how="anti")
    if strays.height:
        problems.append(f"{strays.height} grades belong to {strays['query_id'].n_unique()} queries that are not there")
    if attached.share < MINIMUM_ATTACHED:
        repos = ", ".join(sorted(set(attached.orphans["repo"].to_list())))
        problems.append(
            f"only {attached.share:.1%} of the grades found their unit, expected {MINIMUM_ATTACHED:.0%}; "
            f"orphans in {repos}"
        )
    return problems
