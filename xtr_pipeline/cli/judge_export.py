"""`xtr judge export`: the requests to a judge as files, or as they would be sent."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from xtr_pipeline.cli.judge_inputs import (
    DEFAULT_PROPOSERS,
    Depth,
    Limit,
    PoolSize,
    Prompts,
    Proposers,
    Repos,
    Seed,
    Share,
    Units,
    errors_told,
    settings,
)
from xtr_pipeline.cli.judge_plans import PlanOptions, What, prompts_of, requests_for
from xtr_pipeline.judge.batches import PER_BATCH, batch_line, export_requests, held_entries, secrets_by_type
from xtr_pipeline.judge.campaign import GradingPlan


def export_command(  # noqa: PLR0913, PLR0917 - the options of a command are its interface
    what: Annotated[
        What,
        typer.Argument(
            help="queries: about units without one; files: about whole files; areas: about files among their "
            "neighbours; grades: of pools without any; deeper: of what the proposers find now and no pool held; "
            "second: once more."
        ),
    ] = "grades",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the batches; what it holds is not asked again.", metavar="DIR"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print every request exactly as it would be sent, and write nothing.")
    ] = False,
    repos: Repos = "",
    units: Units = 60,
    limit: Limit = None,
    pool_size: PoolSize = GradingPlan.pool_size,
    share: Share = GradingPlan.second_share,
    depth: Depth = GradingPlan.depth,
    proposers: Proposers = DEFAULT_PROPOSERS,
    prompts: Prompts = "",
    per_batch: Annotated[int, typer.Option(help="Requests in one file.", min=1)] = PER_BATCH,
    seed: Seed = 1,
) -> None:
    """Write what the ledger does not answer yet as requests in OpenAI's Batch API format.

    Secrets are taken out before anything is written. The model and the form of the requests are those of
    data/judge.toml. Exit codes: 0, or 2 for bad input.
    """
    with errors_told() as console:
        if out is None and not dry_run:
            raise ValueError("where to? give --out DIR, or --dry-run to print the requests")
        chat = settings().endpoint.chat
        held: list[dict[str, Any]] = held_entries(out) if out is not None else []
        options = PlanOptions(repos, units, limit, pool_size, share, depth, proposers, seed, prompts_of(prompts))
        requests = requests_for(console, what, options, held)
        if dry_run:
            for request in requests:
                typer.echo(json.dumps(batch_line(request, chat), ensure_ascii=False))
            redacted = secrets_by_type(requests) or "none"
            console.print(f"{len(requests)} requests, nothing was written (secrets redacted: {redacted})", markup=False)
            return
        assert out is not None
        exported = export_requests(requests, out, chat, per_batch)
        console.print(
            f"{exported.requests} requests in {len(exported.files)} batches in {out}"
            f" ({exported.repeated} were there already; secrets redacted: {exported.redacted or 'none'})",
            markup=False,
        )
