"""`xtr eval`: a model's retrieval metrics over a spec of queries."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from xtr_pipeline.cli.eval_progress import EncodingReporter
from xtr_pipeline.corpus.fetch_errors import FetchError, TransientFetchError
from xtr_pipeline.corpus.registry import RegistryError, load_registry
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.evaluation.benchmark import System, evaluate_corpora
from xtr_pipeline.evaluation.corpora import CorporaError, RepoCorpus, folder_corpora, registry_corpora
from xtr_pipeline.evaluation.error_analysis import missed_queries
from xtr_pipeline.evaluation.eval_log import EvalLogEntry, append_entry, file_sha256
from xtr_pipeline.evaluation.json_report import json_report
from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.queries import EvalQuery, SpecError, load_spec
from xtr_pipeline.evaluation.report import repo_figures, result_figures, rich_table
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.release.promotion import promoted_folder
from xtr_pipeline.retrieval.modes import DEFAULT_MODE, Mode

if TYPE_CHECKING:
    from xtr_pipeline.encoder.encoder import Encoder

MODEL_HELP = "`base`, `promoted`, a checkpoint folder, or a hub id. Not needed in bm25 mode."
SPEC_HELP = (
    "JSON list of {id, repo, kind, query, relevant}; `relevant` lists paths inside the repo; other keys are ignored."
)
ROOT_HELP = "Evaluate over the plain folders DIR/<repo>, without the registry: bring any benchmark."
MODE_HELP = f"`semantic`, `hybrid`, `bm25` or `xtr`. Users search in {DEFAULT_MODE} when they name none."


class BadInputError(ValueError):
    """Something that the person who called the command can mend."""


def eval_command(  # noqa: PLR0913, PLR0917 - the options of a command are its interface
    spec: Annotated[Path, typer.Option(help=SPEC_HELP, metavar="FILE")],
    model_path: Annotated[str, typer.Option(help=MODEL_HELP, metavar="DIR|base|promoted")] = "promoted",
    source_root: Annotated[Path | None, typer.Option(help=ROOT_HELP, metavar="DIR")] = None,
    mode: Annotated[Mode, typer.Option(help=MODE_HELP)] = DEFAULT_MODE,
    verbose: Annotated[bool, typer.Option("--verbose", help="Also print figures per repo and missed queries.")] = False,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write figures, bounds and per-query ranks here.", metavar="OUT")
    ] = None,
) -> None:
    """Measure how well a model finds the right files: R@10, P@1, MRR, nDCG@10, Success@10, with 95% bounds.

    Files are ranked by their units over the whole repository. Without `--source-root` the spec's repos are those of
    data/repos.toml; they are fetched, cut and indexed under the run home (XTR_HOME, default .xtr), and an index that is
    there is used again. Every run over the shipped specs is written to eval/log.jsonl.

    For example `xtr eval --model-path base --spec eval/semantic_queries.json`, or over a benchmark of your own
    `xtr eval --spec mine.json --source-root ~/src --json report.json`.

    Exit codes: 0 measured, 1 something failed on the way (network, disk), 2 bad input (spec, repo, file, model), 130
    interrupted.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    request = _Request(spec, model_path, source_root, mode, json_out, verbose)
    try:
        report = _evaluate(console, request)
        if json_out is not None:
            json_out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except KeyboardInterrupt:
        console.print("interrupted: what is encoded is kept, run the same command to go on")
        raise typer.Exit(130) from None
    except TransientFetchError as error:
        raise _failure(console, f"{error}; try again", 1) from error
    except (BadInputError, SpecError, CorporaError, RegistryError, FetchError) as error:
        raise _failure(console, str(error), 2) from error
    except (OSError, RuntimeError) as error:
        raise _failure(console, str(error), 1) from error


def _failure(console: Console, message: str, code: int) -> typer.Exit:
    console.print(f"error: {message}", style="red", markup=False)
    return typer.Exit(code)


@dataclass(frozen=True)
class _Request:
    spec: Path
    model_path: str
    source_root: Path | None
    mode: Mode
    json_out: Path | None
    verbose: bool


def _evaluate(console: Console, request: _Request) -> dict[str, Any]:
    _check_output(request.json_out)
    queries = load_spec(request.spec)
    project = project_files(os.environ)
    # the model before the corpora: a wrong path should not cost a minute of cutting
    encoder = None if request.mode == "bm25" else _load_model(request.model_path, project.home)
    system = System("bm25" if encoder is None else _model_name(request.model_path), request.mode, encoder)
    corpora = _corpora(console, queries, request.source_root, project)
    per_query = evaluate_corpora(queries, corpora, system, EncodingReporter(console, corpora))
    facts = {
        "model": system.name,
        "fingerprint": "" if encoder is None else encoder.fingerprint,
        "mode": request.mode,
        "spec": request.spec.name,
        "spec_sha256": file_sha256(request.spec),
    }
    report = json_report(per_query, queries, facts)
    _show(per_query, queries, request.spec.name, verbose=request.verbose)
    _log_look(console, project, report)
    return report


def _check_output(out: Path | None) -> None:
    """A report that cannot be written should be known before an hour of encoding."""
    if out is not None and not out.resolve().parent.is_dir():
        raise BadInputError(f"--json {out}: there is no folder {out.resolve().parent}; make it first")


def _load_model(model_path: str, home: Path) -> "Encoder":
    from xtr_pipeline.encoder.checkpoint import CheckpointError, load_encoder, load_from

    try:
        if model_path != "promoted":
            return load_from(model_path, home)
        folder = promoted_folder(home)
        if folder is None:
            raise BadInputError(f"nothing is promoted in {home}: run `xtr run`, or give --model-path base or a folder")
        return load_encoder(folder)
    except CheckpointError as error:
        raise BadInputError(f"--model-path {model_path}: {error}") from error


def _model_name(model_path: str) -> str:
    folder = Path(model_path)
    return folder.resolve().name if folder.is_dir() else model_path


def _corpora(
    console: Console, queries: tuple[EvalQuery, ...], source_root: Path | None, project: ProjectFiles
) -> list[RepoCorpus]:
    def tell(line: str) -> None:
        console.print(f"cut {line}", markup=False)

    if source_root is not None:
        if not source_root.is_dir():
            raise BadInputError(f"--source-root {source_root} is not a folder")
        return folder_corpora(queries, source_root, project.home, tell)
    try:
        registry = load_registry(project.registry, load_reserved(project.reserved))
    except FileNotFoundError as error:
        raise BadInputError(f"{error}; give --source-root, or run in a checkout of the project") from error
    return registry_corpora(queries, registry, project.home, project.downloads, tell)


def _show(per_query: pl.DataFrame, queries: tuple[EvalQuery, ...], title: str, *, verbose: bool) -> None:
    out = Console(highlight=False)
    if not out.is_terminal:
        # a pipe has no width; cut-off figures would be worth nothing
        out.width = 160
    out.print(rich_table(result_figures(per_query), title, METRICS))
    if verbose:
        out.print(rich_table(repo_figures(per_query), "by repo", METRICS))
        out.print(_missed_table(missed_queries(per_query, queries)))


def _missed_table(missed: pl.DataFrame) -> Table:
    table = Table(title=f"missed queries: {missed.height}", show_lines=True)
    for name in ("query", "kind", "rank", "right file", "won instead"):
        table.add_column(name, overflow="fold")
    for row in missed.iter_rows(named=True):
        rank = "not found" if row["first_rank"] is None else str(row["first_rank"])
        text = f"{row['query']} ({row['query_id']})"
        table.add_row(text, row["kind"], rank, "\n".join(row["relevant"]), "\n".join(row["won"]))
    return table


def _log_look(console: Console, project: ProjectFiles, report: dict[str, Any]) -> None:
    """Write the run down where the spec is one of the project's own, under whatever name it lies."""
    shipped = {file_sha256(path): f"eval/{path.name}" for path in project.specs}
    spec = shipped.get(report["spec_sha256"])
    if spec is None:
        return
    model = "" if report["mode"] == "bm25" else f" --model-path {report['model']}"
    entry = EvalLogEntry(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        model=report["model"],
        fingerprint=report["fingerprint"],
        spec=spec,
        spec_sha256=report["spec_sha256"],
        mode=report["mode"],
        figures={metric: round(report[metric], 4) for metric in METRICS},
        # rebuilt, since the log is committed and the paths of a machine are not
        command=f"xtr eval{model} --spec {spec} --mode {report['mode']}",
    )
    try:
        append_entry(project.eval_log, entry)
    except OSError as error:
        console.print(
            f"warning: this look at the evaluation queries is not in {project.eval_log}: {error}", markup=False
        )
