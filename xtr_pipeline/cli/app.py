"""The `xtr` command: one sub-command a verb."""

import typer

from xtr_pipeline.cli.ablate import ablate
from xtr_pipeline.cli.bench import bench_command
from xtr_pipeline.cli.eval import eval_command
from xtr_pipeline.cli.judge import judge_app
from xtr_pipeline.cli.rollback import rollback_command
from xtr_pipeline.cli.run import run
from xtr_pipeline.cli.search import search
from xtr_pipeline.cli.ui import ui

app = typer.Typer(
    name="xtr",
    help="From source repositories to a gated code-search model, and searching with it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)
app.command()(run)
app.command(name="eval")(eval_command)
app.command()(search)
app.command(name="rollback")(rollback_command)
app.command()(ui)
app.command(name="bench")(bench_command)
app.command()(ablate)
app.add_typer(judge_app, name="judge")


def main() -> None:
    """Entry point of the `xtr` script."""
    app()
