"""Which mode and which fusion weight? Measured on the written queries of the dev repositories, never on the eval repos.

    python benchmarks/modes_on_dev.py [MODEL_FOLDER|base]

Encodes the dev repositories with the model (cached under the run storage) and prints one row a mode and weight.
"""

import os
import sys

import polars as pl

from xtr_pipeline.cli.judge_inputs import registry, units_of
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.judge.ledger import load_queries
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.fusion import FusionSettings
from xtr_pipeline.retrieval.sources import searcher_for_units

SETTINGS = [FusionSettings("score", weight) for weight in (0.5, 1.0, 2.0, 4.0, 8.0)]
SETTINGS += [FusionSettings("rrf", weight) for weight in (0.25, 0.5, 1.0)]


def main(model: str) -> None:
    """Print the table of one model."""
    files = project_files(os.environ)
    known = registry()
    encoder = load_from(model, files.home)
    rows = []
    for name in known.names("dev"):
        units = units_of(known.get(name))
        written = load_queries(files.ledger, [name]).filter(pl.col("path").is_in(units["path"].unique().to_list()))
        asked = [EvalQuery(q["query_id"], name, q["kind"], q["query"], (q["path"],)) for q in written.to_dicts()]
        if not asked:
            continue
        searcher = searcher_for_units(units, encoder, files.home / "index" / name)
        rows += [evaluate_searcher(searcher, asked, mode, mode) for mode in ("bm25", "semantic")]
        for setting in SETTINGS:
            searcher.fusion = setting
            label = f"hybrid {setting.method} {setting.bm25_weight:g}"
            rows.append(evaluate_searcher(searcher, asked, "hybrid", label))
    metrics = pl.concat(rows)
    table = metrics.group_by("model", "kind", maintain_order=True).agg(
        pl.len().alias("queries"), *(pl.col(name).mean().round(3) for name in ("R@10", "P@1", "MRR"))
    )
    with pl.Config(
        tbl_rows=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_formatting="MARKDOWN"
    ):
        print(table.sort("kind", maintain_order=True))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "base")
