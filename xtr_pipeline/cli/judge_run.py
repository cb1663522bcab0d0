"""`xtr judge run`: ask the judge of data/judge.toml over HTTP."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from rich.console import Console

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
    files,
    labelled_repos,
    settings,
)
from xtr_pipeline.cli.judge_plans import TASKS, PlanOptions, What, prompts_of, requests_for
from xtr_pipeline.cli.status_line import StatusLine
from xtr_pipeline.judge.asking.budget import Budget
from xtr_pipeline.judge.asking.run import JudgeFolders, RunReport, ask_and_store
from xtr_pipeline.judge.asking.settings import JudgeSettings, JudgeSettingsError, endpoint_problems
from xtr_pipeline.judge.campaign import GradingPlan


def run_command(  # noqa: PLR0913, PLR0917 - the options of a command are its interface
    what: Annotated[
        Literal["queries", "files", "areas", "grades", "deeper", "second", "all"],
        typer.Argument(help="What to ask for; all: queries, files, areas, grades and second, one after the other."),
    ] = "all",
    repos: Repos = "",
    units: Units = 60,
    limit: Limit = None,
    pool_size: PoolSize = GradingPlan.pool_size,
    share: Share = GradingPlan.second_share,
    depth: Depth = GradingPlan.depth,
    proposers: Proposers = DEFAULT_PROPOSERS,
    prompts: Prompts = "",
    base_url: Annotated[str, typer.Option(help="The server, up to /v1; default: of data/judge.toml.")] = "",
    model: Annotated[str, typer.Option(help="The model there; default: of data/judge.toml.")] = "",
    in_flight: Annotated[int | None, typer.Option(help="Requests under way at once.", min=1)] = None,
    tokens: Annotated[int | None, typer.Option(help="Spend at most so many tokens.", min=0)] = None,
    money: Annotated[float | None, typer.Option(help="Spend at most so much, in the prices' currency.", min=0)] = None,
    seed: Seed = 1,
) -> None:
    """Ask for queries and grades that the ledger lacks, within a budget, and store them as they come.

    Ctrl-C waits for what is under way. Whenever it ends, the next run goes on where it was: what was answered is not
    asked again, and an interrupted run's spending counts towards its budget. The API key is read from the environment
    variable that data/judge.toml names. Exit codes: 0 all was answered, 1 something is left (budget, interrupted,
    quarantined or unanswered), 2 bad input, or the endpoint cannot be used.
    """
    with errors_told() as console:
        known = _settings(console, base_url, model, in_flight, tokens, money)
        left = False
        wanted: tuple[What, ...] = ("queries", "files", "areas", "grades", "second") if what == "all" else (what,)
        options = PlanOptions(repos, units, limit, pool_size, share, depth, proposers, seed, prompts_of(prompts))
        for each in wanted:
            report = _ask(console, each, options, known)
            left = left or bool(report.stopped or report.unanswered or report.quarantined)
            if report.stopped:
                break
            known = _with_what_is_left(known, report)
    if left:
        raise typer.Exit(1)


def _ask(console: Console, what: What, options: PlanOptions, known: JudgeSettings) -> RunReport:
    requests = requests_for(console, what, options)
    with StatusLine(console) as line:
        report = ask_and_store(
            requests,
            TASKS[what],
            settings=known,
            folders=JudgeFolders(files().ledger, files().home / "judge"),
            repos=labelled_repos(),
            date=datetime.now(UTC).date().isoformat(),
            show=lambda progress: line.show(f"{what}: {progress.line()}"),
        )
    _show(console, what, report)
    return report


def _settings(  # noqa: PLR0913, PLR0917 - the options that say who is asked, and for how much
    console: Console, base_url: str, model: str, in_flight: int | None, tokens: int | None, money: float | None
) -> JudgeSettings:
    """The file's settings with what the command line says instead.

    Money cannot be counted for a model without a price: where --tokens alone is given, it is the only limit.

    Raises:
        JudgeSettingsError: The endpoint cannot be used.
        BudgetError: A limit in money, and no price.
    """
    known = settings()
    endpoint = replace(
        known.endpoint,
        base_url=base_url or known.endpoint.base_url,
        chat=replace(known.endpoint.chat, model=model or known.endpoint.chat.model),
        in_flight=in_flight or known.endpoint.in_flight,
    )
    limits = replace(
        known.limits,
        tokens=known.limits.tokens if tokens is None else tokens,
        money=known.limits.money if money is None else money,
    )
    price = known.price_of(endpoint.chat.model)
    if price is None and limits.money is not None and tokens is not None and money is None:
        console.print(f"data/judge.toml has no price of {endpoint.chat.model}: {tokens:,} tokens are the only limit")
        limits = replace(limits, money=None)
    problems = endpoint_problems(endpoint)
    if problems:
        raise JudgeSettingsError("; ".join(problems))
    Budget(limits, price)  # a limit that cannot be kept is told before repositories are fetched and cut
    return replace(known, endpoint=endpoint, limits=limits)


def _with_what_is_left(known: JudgeSettings, report: RunReport) -> JudgeSettings:
    """The limits less what this part has spent, so that they hold for the command as a whole."""
    limits = known.limits
    tokens = None if limits.tokens is None else max(0, limits.tokens - report.usage.tokens)
    money = None if limits.money is None else max(0.0, limits.money - (report.money or 0.0))
    return replace(known, limits=replace(limits, tokens=tokens, money=money))


def _show(console: Console, what: What, report: RunReport) -> None:
    for refused in report.refused[:20]:
        console.print(f"quarantined {refused.custom_id}: {refused.reason}", markup=False)
    for custom_id, reason in list(report.unanswered.items())[:5]:
        console.print(f"unanswered {custom_id}: {reason}", markup=False)
    cost = f"{report.usage.tokens:,} tokens" + ("" if report.money is None else f", {report.money:.4f} spent")
    console.print(
        f"{what}: {report.answered} of {report.requests} requests answered, {report.quarantined} quarantined, "
        f"{len(report.unanswered)} unanswered, {report.added} records added, {cost}"
        + (f"; stopped: {report.stopped}" if report.stopped else ""),
        markup=False,
    )
