"""`xtr judge`: requests to a language-model judge out, its answers in, and what the ledger holds."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from xtr_pipeline.corpus.cutting import cut_tree
from xtr_pipeline.corpus.fetch_errors import FetchError
from xtr_pipeline.corpus.pinned_tree import pinned_tree
from xtr_pipeline.corpus.registry import Registry, RegistryError, SourceRepo, load_registry
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.judge.batches import BatchError, BatchSettings, Exported, export_requests, load_manifest
from xtr_pipeline.judge.campaign import GradingPlan, Plan, plan_first_judging, plan_queries, plan_second_judging
from xtr_pipeline.judge.importing import Imported, LabelledRepos, Source, import_answers
from xtr_pipeline.judge.ledger import LedgerError, load_grades, load_queries
from xtr_pipeline.judge.sampling import Sampling
from xtr_pipeline.judge.status import ledger_status
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.searcher import Searcher
from xtr_pipeline.retrieval.sources import searcher_for_units

judge_app = typer.Typer(
    help="Label with a language model: export requests, import answers, see what the ledger (data/judgments) holds.",
    no_args_is_help=True,
)

Out = Annotated[
    Path, typer.Option("--out", help="Folder of the batches; what it holds is not asked again.", metavar="DIR")
]
Repos = Annotated[str, typer.Option("--repos", help="Names, with commas between; default: all train and dev repos.")]
Seed = Annotated[int, typer.Option(help="Draws units, queries and orders; the same seed draws the same.")]
Model = Annotated[str, typer.Option(help="Model name in the requests.")]
PerBatch = Annotated[int, typer.Option(help="Requests in one batch.", min=1)]


@judge_app.command("export-queries")
def export_queries(  # noqa: PLR0913, PLR0917 - the options of a command are its interface
    out: Out,
    repos: Repos = "",
    units: Annotated[int, typer.Option(help="Units of each repo to ask queries for, in this export.", min=1)] = 60,
    per_batch: PerBatch = 20,
    seed: Seed = 1,
    model: Model = BatchSettings.model,
) -> None:
    """Write requests for queries about units that no query in the ledger and no batch in DIR is about."""
    with _errors_told() as console:
        registry, ledger = _registry(), _ledger()
        held = {entry.get("unit_hash", "") for entry in _held(out)}
        sampling = Sampling(per_repo=units, seed=seed)
        plans = []
        for name in _labelled(registry, repos):
            known = _units(registry.get(name))
            plans.append(plan_queries(known, load_queries(ledger, [name]), sampling, held))
            console.print(f"{name}: {len(plans[-1].requests)} of {known.height:,} units")
        _export(console, plans, out, BatchSettings(model=model, per_batch=per_batch))


@judge_app.command("export-grades")
def export_grades(  # noqa: PLR0913, PLR0917 - the options of a command are its interface
    out: Out,
    repos: Repos = "",
    judging: Annotated[int, typer.Option(help="1: queries without grades; 2: judge a share again.", min=1, max=2)] = 1,
    per_batch: PerBatch = 8,
    limit: Annotated[int | None, typer.Option(help="At most so many queries of each repo.", min=1)] = None,
    pool_size: Annotated[int, typer.Option(help="Units in a pool.", min=2, max=26)] = GradingPlan.pool_size,
    share: Annotated[float, typer.Option(help="Share of graded queries to judge again.")] = GradingPlan.second_share,
    proposers: Annotated[
        str, typer.Option(help="bm25, base, or checkpoint folders, with commas between.")
    ] = "bm25,base",
    seed: Seed = 1,
    model: Model = BatchSettings.model,
) -> None:
    """Write requests for grades: one query and its whole pool each."""
    with _errors_told() as console:
        registry, ledger = _registry(), _ledger()
        held = frozenset(entry["query_id"] for entry in _held(out) if entry.get("judging") == judging)
        plan = GradingPlan(limit=limit, pool_size=pool_size, seed=seed, second_share=share, taken=held)
        plans = []
        for name in _labelled(registry, repos):
            queries, grades = load_queries(ledger, [name]), load_grades(ledger, [name])
            if queries.is_empty():
                continue
            known = _units(registry.get(name))
            if judging == 1:
                rankers = _rankers(name, known, proposers)
                plans.append(plan_first_judging(known, queries, grades, rankers, plan))
            else:
                plans.append(plan_second_judging(known, queries, grades, plan))
            console.print(f"{name}: {len(plans[-1].requests)} queries to grade, {plans[-1].orphans} lost their unit")
        _export(console, plans, out, BatchSettings(model=model, per_batch=per_batch))


@judge_app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(help="Answer files, in the folder of their batches.", exists=True)],
    kind: Annotated[Literal["queries", "grades"], typer.Option(help="What was asked for.")],
    judge: Annotated[str, typer.Option(help="The judge's model family, for instance claude.")],
    date: Annotated[str, typer.Option(help="Day of the answers, YYYY-MM-DD; default: today.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only: nothing is written.")] = False,
) -> None:
    """Check answers and store them. What is refused is named, and kept in FILE.quarantine.jsonl.

    Exit codes: 0 everything was stored, 1 something was refused, 2 nothing was stored, because a file could not be
    read or holds labels from a repo that is reserved or no train or dev repo of the registry.
    """
    with _errors_told() as console:
        day = date or datetime.now(UTC).date().isoformat()
        repos = LabelledRepos(_registry().names("train", "dev"), _reserved())
        done = import_answers(files, _ledger(), Source(kind, judge, day), repos, dry_run=dry_run)
        _show_import(console, done, dry_run=dry_run)
    if done.refused:
        raise typer.Exit(1)


@judge_app.command()
def status(
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures here.", metavar="OUT")] = None,
) -> None:
    """Show what the ledger holds: queries, grades, judges, agreement."""
    with _errors_told():
        ledger = _ledger()
        figures = ledger_status(load_queries(ledger), load_grades(ledger))
    if json_out is not None:
        json_out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    table = Table("figure", "value", title="Ledger of judgments")
    for name, value in figures.items():
        table.add_row(name, _shown(value))
    Console().print(table)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count:,}" for key, count in value.items()) or "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-" if value is None else f"{value:,}"


@contextmanager
def _errors_told() -> Iterator[Console]:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        yield console
    except (BatchError, LedgerError, RegistryError, FetchError, ValueError) as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(2) from error


def _ledger() -> Path:
    return project_files(os.environ).ledger


def _reserved() -> frozenset[str]:
    return load_reserved(project_files(os.environ).reserved)


def _registry() -> Registry:
    return load_registry(project_files(os.environ).registry, _reserved())


def _held(out: Path) -> list[dict[str, Any]]:
    return list(load_manifest(out).values()) if any(out.glob("batch-*.manifest.jsonl")) else []


def _labelled(registry: Registry, repos: str) -> tuple[str, ...]:
    known = registry.names("train", "dev")
    asked = tuple(name.strip() for name in repos.split(",") if name.strip()) or known
    strange = [name for name in asked if name not in known]
    if strange:
        raise ValueError(f"not train or dev repos of the registry: {', '.join(strange)}; it holds {', '.join(known)}")
    return asked


def _units(repo: SourceRepo) -> pl.DataFrame:
    files = project_files(os.environ)
    tree = pinned_tree(repo, files.home, files.downloads)
    return cut_tree(tree.root, repo.name, tree.version, repo.roots, repo.excludes).units


def _rankers(name: str, units: pl.DataFrame, proposers: str) -> dict[str, tuple[Searcher, Mode]]:
    home = project_files(os.environ).home
    rankers: dict[str, tuple[Searcher, Mode]] = {}
    for proposer in (part.strip() for part in proposers.split(",") if part.strip()):
        if proposer == "bm25":
            rankers[proposer] = (searcher_for_units(units, None, None), "bm25")
            continue
        # MLX takes a while to import, and BM25 alone does not need it
        from xtr_pipeline.encoder.checkpoint import load_from

        searcher = searcher_for_units(units, load_from(proposer, home), home / "index" / name)
        rankers["base" if proposer == "base" else Path(proposer).name] = (searcher, "semantic")
    return rankers


def _export(console: Console, plans: list[Plan], out: Path, settings: BatchSettings) -> None:
    exported: Exported = export_requests((request for plan in plans for request in plan.requests), out, settings)
    console.print(
        f"{exported.requests} requests in {len(exported.files)} batches in {out}"
        f" ({exported.repeated} were there already; secrets redacted: {exported.redacted or 'none'})"
    )


def _show_import(console: Console, done: Imported, *, dry_run: bool) -> None:
    for refused in done.refused:
        console.print(f"{refused.place} {refused.custom_id}: {refused.reason} | {refused.raw[:200]}", markup=False)
    stored = "dry run, nothing stored" if dry_run else f"{done.added} added, {done.repeated} held already"
    console.print(
        f"{done.answers} answers, {done.records} sound records ({stored}), {done.skipped} units skipped, "
        f"{len(done.refused)} refused, {done.unanswered} requests without an answer in these files"
    )
