"""How often does a test come before the code that it tests, and what does ranking test files lower give and cost?

    python benchmarks/tests_on_dev.py [MODEL_FOLDER|base [REPO ...]]

Run `xtr run` first: it fetches and cuts the repositories and makes the dev set. Their corpora have no tests, but a
folder that somebody searches has: here each is searched as it is, and again with all test files of its archive
(`retrieval/code_of_tests.py`), whose scores are lowered by more and more. None of them answers a dev query; those of
`queries_for_tests.json` ask for nothing else.
"""

import os
import sys
import tempfile
from pathlib import Path

import polars as pl
from dev_repos import dev_repos

from xtr_pipeline.corpus.cutting import cut_tree
from xtr_pipeline.corpus.pinned_tree import pinned_tree
from xtr_pipeline.corpus.registry import load_registry
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.queries import EvalQuery, load_spec
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.retrieval.code_of_tests import asks_for_tests, is_test_file
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.searcher import Searcher
from xtr_pipeline.retrieval.sources import searcher_for_units

FOR_TESTS = Path(__file__).parent / "queries_for_tests.json"
LOWER = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)


def with_tests(files: ProjectFiles, name: str, units: pl.DataFrame) -> pl.DataFrame:
    """A dev repository's units, and those of the test files that lie in its archive and are not in its corpus."""
    repo = load_registry(files.registry, load_reserved(files.reserved)).get(name)
    tree = pinned_tree(repo, files.home, files.downloads)
    cut = cut_tree(tree.root, name, tree.version, ["."], []).units
    paths = set(filter(is_test_file, cut["path"])) - set(units["path"])
    return pl.concat([units, cut.filter(pl.col("path").is_in(sorted(paths)))])


def measured(searcher: Searcher, asked: dict[str, list[EvalQuery]], lower: tuple[float, ...], way: str) -> pl.DataFrame:
    """Metrics of the queries by kind of queries and by how much the scores of test files are lowered."""
    frames = []
    for loss in lower:
        weights = ScoreWeights(tests=loss)
        lowered = Searcher(searcher.units, searcher.index, searcher.bm25, searcher.encoder, weights=weights)
        frames += [
            evaluate_searcher(lowered, queries, "semantic", f"{kind}: {way.format(loss)}")
            for kind, queries in asked.items()
            if queries
        ]
    return pl.concat(frames)


def main(model: str, *repos: str) -> None:
    """Print the table of one model, over all dev repositories or some."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    of_tests = load_spec(FOR_TESTS)
    frames = []
    for name, units, asked in dev_repos(files, repos):
        own = [query for query in of_tests if query.repo == name]
        everything = with_tests(files, name, units)
        print(f"{name}: {units.height:,} units, {everything.height - units.height:,} of tests", file=sys.stderr)
        kinds = {
            "code": asked,
            "tests, named": [query for query in own if asks_for_tests(query.query)],
            "tests, unnamed": [query for query in own if not asks_for_tests(query.query)],
        }
        with tempfile.TemporaryDirectory() as cache:
            alone = searcher_for_units(units, encoder, Path(cache))
            frames.append(measured(alone, {"code": asked}, (0.0,), "no tests"))
            among = searcher_for_units(everything, encoder, Path(cache))
            frames.append(measured(among, kinds, LOWER, "lowered by {:g}"))
    scored = pl.concat(frames)
    order = sorted(dict.fromkeys(scored["model"]), key=lambda way: way.partition(":")[0])
    print(markdown_table(result_figures(scored.sort(pl.col("model").cast(pl.Enum(order)), maintain_order=True))))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["base"]))
