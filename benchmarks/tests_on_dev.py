"""How often does a test come before the code that it tests, and what does it help to rank test files lower?

    python benchmarks/tests_on_dev.py [MODEL_FOLDER|base [REPO ...]]

Run `xtr run` first: it fetches and cuts the repositories and makes the dev set. Their corpora have no tests, but a
folder that somebody searches has: here each is searched as it is, and again with all files of its archive that are of
tests by their names or folders, fixtures too, whose scores are lowered by more and more. None of them answers a dev
query.
"""

import os
import re
import sys

import numpy as np
import polars as pl
from dev_repos import dev_repos

from xtr_pipeline.corpus.cutting import cut_tree
from xtr_pipeline.corpus.outlines import with_outlines
from xtr_pipeline.corpus.pinned_tree import pinned_tree
from xtr_pipeline.corpus.registry import load_registry
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.retrieval.file_scores import ScoreWeights, size_handicaps
from xtr_pipeline.retrieval.outlined import Outlined
from xtr_pipeline.retrieval.ranking import Ranker
from xtr_pipeline.retrieval.salience import salient_scores

TEST = re.compile(
    r"(^|/)(tests?|testing|testsuite)/|(^|/)(test_|conftest|testharness|testutil)[^/]*$"
    r"|[_-](test|tests|unittest|spec)\.[^./]+$"
)
LOWER = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1)
WEIGHTS = ScoreWeights()


def tests_of(files: ProjectFiles, name: str, units: pl.DataFrame) -> pl.DataFrame:
    """Units of the test files that lie in a dev repository's archive and are not in its corpus."""
    repo = load_registry(files.registry, load_reserved(files.reserved)).get(name)
    tree = pinned_tree(repo, files.home, files.downloads)
    cut = cut_tree(tree.root, name, tree.version, ["."], []).units
    paths = [path for path in cut["path"].unique() if TEST.search(path)]
    return cut.filter(pl.col("path").is_in(paths) & ~pl.col("path").is_in(units["path"].unique().to_list()))


def measured(encoder: Encoder, units: pl.DataFrame, asked: list[EvalQuery], lower: dict[str, float]) -> pl.DataFrame:
    """Metrics of the queries, by how much the scores of test files are lowered."""
    units = units.sort("unit_id")
    documents = with_outlines(units)
    shown = encoder.encode_documents(render_units(documents))
    outlined = Outlined.of(documents["unit_id"].to_list(), units, WEIGHTS.outline)
    vectors = encoder.encode_queries([query.query for query in asked])
    scores = salient_scores(vectors, shown.vectors, shown.offsets, WEIGHTS.salience, outlined.units)
    scores = outlined.mixed(scores) - size_handicaps(units["path"], WEIGHTS.size)
    is_test = np.array([TEST.search(path) is not None for path in units["path"]])
    ranker, everything = Ranker(tuple(units["unit_id"]), tuple(units["path"])), np.ones(units.height, dtype=np.bool_)
    frames = []
    for way, loss in lower.items():
        lowered = scores - np.float32(loss) * is_test
        found = {
            query.id: [hit.path for hit in ranker.files(row, everything, 100, WEIGHTS.second)]
            for query, row in zip(asked, lowered, strict=True)
        }
        frames.append(score_rankings(asked, found, model=way, mode="semantic"))
    return pl.concat(frames)


def main(model: str, *repos: str) -> None:
    """Print the table of one model, over all dev repositories or some."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    frames = []
    for name, units, asked in dev_repos(files, repos):
        tests = tests_of(files, name, units)
        print(f"{name}: {units.height:,} units, {tests.height:,} of tests", file=sys.stderr)
        frames += [
            measured(encoder, units, asked, {"no tests": 0.0}),
            measured(encoder, pl.concat([units, tests]), asked, {f"tests, {loss:g} lower": loss for loss in LOWER}),
        ]
    scored = pl.concat(frames)
    order = list(dict.fromkeys(scored["model"]))
    print(markdown_table(result_figures(scored.sort(pl.col("model").cast(pl.Enum(order)), maintain_order=True))))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["base"]))
