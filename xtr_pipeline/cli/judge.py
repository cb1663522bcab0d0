"""`xtr judge`: label with a language model, over HTTP or through files, and see what the labels are worth."""

import json
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from xtr_pipeline.cli.judge_export import export_command
from xtr_pipeline.cli.judge_import import import_command
from xtr_pipeline.cli.judge_inputs import errors_told, files
from xtr_pipeline.cli.judge_run import run_command
from xtr_pipeline.judge.agreement_report import agreement_report
from xtr_pipeline.judge.ledger import load_asked, load_grades, load_queries
from xtr_pipeline.judge.status import ledger_status

judge_app = typer.Typer(
    help="Label with a language model: ask it over HTTP (run), or export requests and import answers; see what the "
    "ledger (data/judgments) holds (status), and how far judgings agree (agree).",
    no_args_is_help=True,
)
judge_app.command("run")(run_command)
judge_app.command("export")(export_command)
judge_app.command("import")(import_command)

JsonOut = Annotated[Path | None, typer.Option("--json", help="Write the figures here.", metavar="OUT")]


@judge_app.command()
def status(json_out: JsonOut = None) -> None:
    """Show what the ledger holds: queries, grades, judges, what was asked and spent, agreement."""
    with errors_told():
        ledger = files().ledger
        figures = ledger_status(load_queries(ledger), load_grades(ledger), load_asked(ledger))
    _write(json_out, figures)
    table = Table("figure", "value", title="Ledger of judgments")
    for name, value in figures.items():
        table.add_row(name, _shown(value))
    Console().print(table)


@judge_app.command()
def agree(json_out: JsonOut = None) -> None:
    """Show how far two judgings agree, by kind and repo, with 95% bounds; and what biases a judge shows."""
    with errors_told():
        ledger = files().ledger
        report = agreement_report(load_queries(ledger), load_grades(ledger))
    _write(json_out, {name: frame.to_dicts() for name, frame in report.items()})
    for name, frame in report.items():
        Console().print(_frame_table(name, frame))


def _frame_table(title: str, frame: pl.DataFrame) -> Table:
    """A frame's rows; a column with `_low` and `_high` beside it is shown with its bounds behind it."""
    bounded = [name for name in frame.columns if f"{name}_low" in frame.columns]
    columns = [name for name in frame.columns if not name.endswith(("_low", "_high"))]
    table = Table(*columns, title=title, box=SIMPLE)
    for row in frame.iter_rows(named=True):
        bounds = {
            name: f" {_brief(row[f'{name}_low'])}-{_brief(row[f'{name}_high'])}" if name in bounded else ""
            for name in columns
        }
        table.add_row(
            *((_brief(row[name]) if name in bounded else _shown(row[name])) + bounds[name] for name in columns)
        )
    return table


def _brief(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _write(json_out: Path | None, figures: Any) -> None:
    if json_out is not None:
        json_out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count:,}" for key, count in value.items()) or "-"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return "-" if value is None else value if isinstance(value, str) else f"{value:,}"
