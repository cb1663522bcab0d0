"""`xtr rollback`: back to the checkpoint that was promoted before."""

import os

import typer

from xtr_pipeline.project_files import project_files
from xtr_pipeline.release.promotion import WITHDRAWN, RollbackError, promoted_folder, rollback
from xtr_pipeline.release.store_lock import StoreBusyError


def rollback_command() -> None:
    """Withdraw the promoted model and promote again the one that was promoted before it.

    `promoted/current` in the run home (XTR_HOME, default .xtr) points to the earlier folder from then on; nothing is
    deleted. The withdrawn model is marked: later promotions, the nightly job's too, refuse it until the mark, whose
    path is printed, is deleted.

    Exit codes: 0 went back, 1 could not go back (nothing is promoted, nothing was promoted before, or the earlier
    folder is gone or incomplete); what was promoted still is.
    """
    home = project_files(os.environ).home
    try:
        left = promoted_folder(home)
        target = rollback(home)
    except (RollbackError, StoreBusyError, OSError) as error:
        typer.echo(f"xtr rollback: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"promoted again: {target}")
    if left is not None:
        typer.echo(f"withdrawn: {left.name}; it is refused until {left / WITHDRAWN} is deleted")
