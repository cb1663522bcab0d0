"""The dev repositories, as the benchmarks of this folder search them."""

import sys
from collections.abc import Collection, Iterator

import polars as pl

from xtr_pipeline.evaluation.dev_probe import specified_queries
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.project_files import ProjectFiles


def dev_repos(files: ProjectFiles, chosen: Collection[str] = ()) -> Iterator[tuple[str, pl.DataFrame, list[EvalQuery]]]:
    """Yields name, units by id, and queries of every dev repository, or of those chosen; exits where one is unknown."""
    queries = pl.read_parquet(files.home / "storage" / "dev_set.parquet")
    known = queries["repo"].unique().sort().to_list()
    if unknown := sorted(set(chosen) - set(known)):
        sys.exit(f"{', '.join(unknown)}: no dev repositories; there are {', '.join(known)}")
    for name in chosen or known:
        units = pl.read_parquet(files.home / "storage" / "code_units" / f"{name}.parquet").sort("unit_id")
        yield name, units, specified_queries(queries.filter(pl.col("repo") == name))
