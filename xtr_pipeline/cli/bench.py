"""`xtr bench`: our training step, encoding and search against PyTorch's, side by side in one run."""

import json
import os
import platform
import tempfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from xtr_pipeline.cli.judge_inputs import chosen_repos, errors_told, files, registry, units_of
from xtr_pipeline.cli.name_lists import names_in
from xtr_pipeline.corpus.pinned_tree import pinned_tree
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.judge.ledger import load_grades, load_queries
from xtr_pipeline.judge.training_examples import judged_examples
from xtr_pipeline.training.recipe import JUDGED

HEAD_DIM = 128
PARTS = ("train", "encode", "search", "cold")
WITH_TORCH = {"train": ("torch",), "encode": ("torch",), "cold": ("torch", "sentence_transformers")}


def bench_command(  # noqa: PLR0913, PLR0917 - the options of a command are its interface
    repo: Annotated[str, typer.Option(help="The train or dev repo whose labels and units are the work.")] = "fsspec",
    parts: Annotated[
        str, typer.Option(help="Which of train, encode, search and cold, with commas between.")
    ] = "train,encode,search",
    pairs: Annotated[int, typer.Option(help="Timings of each side that count.", min=1)] = 5,
    steps: Annotated[int, typer.Option(help="Different training batches.", min=1)] = 2,
    documents: Annotated[int, typer.Option(help="Documents to encode.", min=1)] = 400,
    units: Annotated[
        str, typer.Option(help="Sizes of the index to search, with commas between.")
    ] = "1000,10000,100000",
    folder_files: Annotated[
        int, typer.Option("--files", help="cold: files of the folder that is searched for the first time.", min=1)
    ] = 500,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures here.", metavar="OUT")] = None,
) -> None:
    """Compare with PyTorch on this machine: the same weights, batches, optimizer and precision (float32), in turn.

    Ratios are ours divided by theirs, the median of pairs: below 1 ours is faster. The two sides must agree in losses
    and vectors, or the run fails. `cold` is the first `xtr search` of a folder against encoding the same texts with
    sentence-transformers. Needs the extra `torch` (pip install -e .[torch]) for all but search. Exit codes: 0, or 2
    when it cannot be measured.
    """
    with errors_told() as console:
        chosen = _parts(parts)
        missing = {name for part in chosen for name in WITH_TORCH.get(part, ()) if find_spec(name) is None}
        if missing:
            raise ValueError(
                f"not installed: {', '.join(sorted(missing))}. Run pip install -e '.[torch]', or measure --parts search"
            )
        sizes = [int(size) for size in units.split(",")]
        figures = _figures(console, repo, chosen, pairs, steps, documents, sizes) if set(chosen) - {"cold"} else {}
        if "cold" in chosen:
            figures |= {"machine": _machine(), "cold_start": _cold_start(console, pairs, folder_files)}
    if json_out is not None:
        json_out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    _show(figures)


def _parts(parts: str) -> tuple[str, ...]:
    chosen = names_in(parts)
    unknown = [part for part in chosen if part not in PARTS]
    if unknown or not chosen:
        raise ValueError(f"unknown parts {', '.join(unknown) or '(none)'}: choose of {', '.join(PARTS)}")
    return chosen


def _figures(  # noqa: PLR0913, PLR0917 - what the command was asked for
    console: Console, repo: str, parts: tuple[str, ...], pairs: int, steps: int, documents: int, sizes: list[int]
) -> dict[str, Any]:
    # MLX takes a while to import, and a wrong option should not wait for it
    from xtr_pipeline.bench.search_latency import search_latency
    from xtr_pipeline.bench.side_by_side import compare
    from xtr_pipeline.bench.workload import make_workload
    from xtr_pipeline.encoder.checkpoint import load_encoder, load_from, save_encoder
    from xtr_pipeline.training.start import starting_encoder

    source = chosen_repos(registry(), repo)[0]
    known = units_of(source)
    queries = load_queries(files().ledger, [source.name])
    examples = judged_examples(queries, load_grades(files().ledger, [source.name]), known)
    encoder = starting_encoder(load_from("base", files().home), JUDGED, examples, HEAD_DIM)
    workload = make_workload(encoder, examples, known, JUDGED, steps=steps, documents=documents, seed=13)
    figures: dict[str, Any] = {"machine": _machine(), "repo": source.name, "workload": workload.description}
    with tempfile.TemporaryDirectory(prefix="xtr-bench-") as temporary:
        folder = Path(temporary)
        save_encoder(encoder, folder / "model")
        comparable = tuple(part for part in parts if part in {"train", "encode"})
        if comparable:
            figures |= compare(folder / "model", workload, pairs=pairs, parts=comparable, tell=console.print)
        if "search" in parts:
            asked = queries.sort("query_id")["query"].head(40).to_list()
            texts, lengths = render_units(known), workload.documents.lengths
            model = load_encoder(folder / "model")
            figures["search"] = [asdict(search_latency(model, asked, texts, lengths, size, folder)) for size in sizes]
    for part, name in (("train_step", "train_step_ratio"), ("encode", "encode_ratio")):
        if part in figures:
            figures[name] = figures[part]["median"]
            figures[name.replace("ratio", "memory_ratio")] = figures[part]["memory_ratio"]
    return figures


def _cold_start(console: Console, pairs: int, count: int) -> dict[str, Any]:
    from xtr_pipeline.bench.cold_start import cold_start, collect_files
    from xtr_pipeline.encoder.checkpoint import load_from, save_encoder

    known = registry()
    base = load_from("base", files().home)
    with tempfile.TemporaryDirectory(prefix="xtr-bench-") as temporary:
        save_encoder(base, Path(temporary, "model"))
        train = (known.get(name) for name in known.names("train"))
        sources = (
            (pinned_tree(repo, files().home, files().downloads).root, sorted(set(units_of(repo)["path"])))
            for repo in train
        )
        folder = collect_files(sources, count, Path(temporary, "folder"))
        length = base.settings.document_length
        return cold_start(Path(temporary, "model"), folder, length, pairs=pairs, tell=console.print)


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    text = info.read_text()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    flags = "AVX-512" if "avx512f" in text else "AVX2" if "avx2" in text else "no AVX2"
    return f"{names[0] if names else platform.machine()}, {flags}"


def _show(figures: dict[str, Any]) -> None:
    console = Console()
    if "theirs" in figures:
        console.print(f"ours: {figures['ours']}\ntheirs: {figures['theirs']}", highlight=False)
        columns = ("", "ratio", "of pairs", "ours", "theirs", "peak memory", "of GEMM peak")
        table = Table(*columns, box=SIMPLE, title="ours / PyTorch")
        for part in ("train_step", "encode"):
            if part in figures:
                row = figures[part]
                table.add_row(
                    part,
                    f"{row['median']:.2f}",
                    f"{row['low']:.2f}-{row['high']:.2f} ({row['pairs']})",
                    f"{row['ours']:.2f} s, {row['ours_per_s']:,.0f} tokens/s",
                    f"{row['theirs']:.2f} s, {row['theirs_per_s']:,.0f} tokens/s",
                    f"{row['memory_ratio']:.2f} ({row['ours_peak_mb']:,.0f} / {row['theirs_peak_mb']:,.0f} MB)",
                    f"{row['ours_of_gemm_peak']:.0%} / {row['theirs_of_gemm_peak']:.0%}",
                )
        console.print(table)
    if "cold_start" in figures:
        row = figures["cold_start"]
        console.print(
            f"cold start of xtr search, {row['files']} files, {row['units']:,} units: {row['ours']:.1f} s against "
            f"{row['theirs']:.1f} s of encoding alone with sentence-transformers, ratio {row['median']:.2f} "
            f"({row['low']:.2f}-{row['high']:.2f}, {row['pairs']} pairs)",
            highlight=False,
        )
    if "search" in figures:
        frame = pl.DataFrame(figures["search"])
        table = Table(*frame.columns, box=SIMPLE, title="one query, warm")
        for row in frame.iter_rows():
            table.add_row(*(f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" for value in row))
        console.print(table)
