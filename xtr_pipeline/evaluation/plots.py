"""Plots as PNG bytes, drawn with matplotlib's Agg canvas and no global state."""

import io
from collections.abc import Mapping

import polars as pl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# small, since they are embedded as base64 in metadata
_SIZE = (6.4, 3.6)
_DPI = 100


def loss_curve(history: pl.DataFrame, dev_name: str = "dev R@10") -> bytes:
    """Training loss over steps, with the dev metric on a second axis where it was measured.

    Args:
        history: columns step, loss and, null where it was not measured, dev.
        dev_name: label of the dev metric.

    Raises:
        ValueError: the history is empty.
    """
    if history.is_empty():
        raise ValueError("no step was taken, so that there is no loss to plot")
    figure = _figure()
    axes = figure.add_subplot()
    axes.plot(history["step"].to_list(), history["loss"].to_list(), color="tab:blue", linewidth=1)
    axes.set_xlabel("step")
    axes.set_ylabel("loss", color="tab:blue")
    measured = history.filter(pl.col("dev").is_not_null()) if "dev" in history.columns else history.clear()
    if measured.height:
        right = axes.twinx()
        right.plot(measured["step"].to_list(), measured["dev"].to_list(), color="tab:orange", marker="o")
        right.set_ylabel(dev_name, color="tab:orange")
    return _png(figure)


def recall_per_repo(per_query: pl.DataFrame, metric: str = "R@10", target: float | None = None) -> bytes:
    """Bars of a metric's mean per repo, one colour a run (model and mode), with an optional target line.

    Raises:
        ValueError: the frame is empty.
    """
    if per_query.is_empty():
        raise ValueError("no query was evaluated, so that there is nothing to plot")
    means = per_query.group_by("repo", "model", "mode").agg(pl.col(metric).mean())
    repos = means["repo"].unique().sort().to_list()
    runs = per_query.select("model", "mode").unique(maintain_order=True).rows()
    figure = _figure()
    axes = figure.add_subplot()
    width = 0.8 / len(runs)
    for position, (model, mode) in enumerate(runs):
        run = means.filter((pl.col("model") == model) & (pl.col("mode") == mode))
        heights = dict(run.select("repo", metric).iter_rows())
        places = [index + (position - (len(runs) - 1) / 2) * width for index in range(len(repos))]
        axes.bar(
            places,
            [heights.get(repo, 0.0) for repo in repos],
            width,
            label=model if model == mode else f"{model} ({mode})",
        )
    if target is not None:
        axes.axhline(target, color="black", linewidth=1, linestyle="--")
    axes.set_xticks(range(len(repos)), repos, rotation=30, ha="right")
    axes.set_ylim(0, 1)
    axes.set_ylabel(metric)
    # outside of the axes: with ten repos there is no corner without a bar
    figure.legend(loc="outside upper center", ncols=min(len(runs), 4), fontsize="small")
    return _png(figure)


def grade_histogram(counts: Mapping[int, int]) -> bytes:
    """Bars of how often each grade was given.

    Raises:
        ValueError: no grade at all.
    """
    if not counts:
        raise ValueError("no grades, so that there is no histogram to plot")
    figure = _figure()
    axes = figure.add_subplot()
    grades = sorted(counts)
    bars = axes.bar([str(grade) for grade in grades], [counts[grade] for grade in grades], color="tab:blue")
    axes.bar_label(bars)
    axes.set_xlabel("grade")
    axes.set_ylabel("pairs")
    return _png(figure)


def _figure() -> Figure:
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # no software version or date, so that equal inputs give equal bytes
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
