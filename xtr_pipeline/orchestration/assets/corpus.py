"""Assets of the corpus: pinned sources and the code units cut from them."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import polars as pl

from xtr_pipeline.corpus.cutting import cut_tree
from xtr_pipeline.corpus.docstring_pairs import docstring_pairs as pairs_of
from xtr_pipeline.corpus.fetching import FetchError, SourceTree, TransientFetchError
from xtr_pipeline.corpus.pinned_tree import pinned_tree
from xtr_pipeline.corpus.registry import source_fingerprint
from xtr_pipeline.orchestration.partitions import RepoPartitions
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.results import Result, inputs_version, materialised, table

RETRIES, PAUSE_S = 3, 5


@contextmanager
def network_errors() -> Iterator[None]:
    """Only what can heal is tried again: a retry policy would also repeat a wrong hash, a parser's bug, and Ctrl-C."""
    try:
        yield
    except TransientFetchError as error:
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=PAUSE_S) from error
    except FetchError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def fetched(project: Project, name: str) -> SourceTree:
    """A repository's pinned source tree; a tree that is already there is used as it is."""
    repo = project.repo(name)
    with network_errors():
        return pinned_tree(repo, project.files.home, project.files.downloads)


def corpus_assets(partitions: RepoPartitions) -> list[dg.AssetsDefinition]:
    """`source_tree`, `code_units`, `docstring_pairs`."""

    @dg.asset(
        partitions_def=partitions.every,
        group_name="corpus",
        code_version="1",
        io_manager_key="records",
    )
    def source_tree(context: dg.AssetExecutionContext, project: Project) -> Result:
        """The pinned source of a repository, fetched, hash-checked and unpacked. Data: never imported, built or run."""
        inputs = inputs_version(context, project)
        repo = project.repo(context.partition_key)
        tree = fetched(project, repo.name)
        folder = (
            tree.root.relative_to(project.files.home) if tree.root.is_relative_to(project.files.home) else tree.root
        )
        record = {"fingerprint": source_fingerprint(repo), "version": tree.version, "folder": str(folder)}
        facts = {"version": tree.version, "sha256": tree.sha256, "files": tree.files, "bytes": tree.bytes}
        return materialised(record, inputs, {**facts, "licence": repo.licence, "role": repo.role})

    @dg.asset(
        partitions_def=partitions.every,
        group_name="corpus",
        code_version="1",
        deps=[source_tree],
        io_manager_key="frames",
    )
    def code_units(context: dg.AssetExecutionContext, project: Project) -> Result:
        """Functions, methods, types, impl blocks and remainders of every source file, as a table."""
        inputs = inputs_version(context, project)
        repo = project.repo(context.partition_key)
        tree = fetched(project, repo.name)
        cut = cut_tree(tree.root, repo.name, tree.version, repo.roots, repo.excludes)
        report = cut.report
        units = cut.units.group_by("language", "kind").len("units").sort("units", descending=True)
        facts = {
            "units": table(units),
            "files": report.files,
            "files skipped, by reason": dict(report.skipped),
            "files with syntax errors, by language": dict(report.syntax_errors),
            "files not in UTF-8": report.lossy,
            "lines shortened": report.long_lines,
        }
        return materialised(cut.units, inputs, facts)

    @dg.asset(partitions_def=partitions.labelled, group_name="corpus", code_version="1", io_manager_key="frames")
    def docstring_pairs(context: dg.AssetExecutionContext, project: Project, code_units: pl.DataFrame) -> Result:
        """Docstring -> code without it: the unsupervised pairs that the baseline checkpoint learns from."""
        inputs = inputs_version(context, project)
        pairs = pairs_of(code_units)
        sample = pairs.select("unit_id", "query").sample(min(10, pairs.height), seed=0)
        return materialised(pairs, inputs, {"sample": table(sample)})

    return [source_tree, code_units, docstring_pairs]
