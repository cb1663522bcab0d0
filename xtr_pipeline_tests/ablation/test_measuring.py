"""An arm is trained and measured once, over all files of the dev repositories."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.ablation import arms
from xtr_pipeline.ablation.arms import Arm, ArmError
from xtr_pipeline.ablation.measuring import (
    Bench,
    Checkpoint,
    mean_over_seeds,
    measure,
    model_folder,
    on_repos,
    share_of,
)
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.encoder.checkpoint import load_encoder, save_encoder
from xtr_pipeline.encoder.encoder import Carried, Encoder
from xtr_pipeline.evaluation.dev_probe import DEV_QUERY_SCHEMA
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.training.reports import StepReport
from xtr_pipeline.training.start import starting_encoder
from xtr_pipeline_tests.judge.sample_units import code_unit
from xtr_pipeline_tests.training.tiny import RECIPE, WORDS, tiny_encoder, tiny_examples


def saveable(encoder: Encoder) -> Encoder:
    """The encoder with a config.json that it can be loaded by again."""
    return replace(encoder, carried=Carried(config={"model_type": "bert", **asdict(encoder.config)}))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Two dev repositories of eight one-unit files, and a recipe of a few steps."""
    tiny = {name: replace(RECIPE, name=name, steps=4, dev_every=0) for name in arms.RECIPES}
    monkeypatch.setattr(arms, "RECIPES", tiny)
    monkeypatch.setattr("xtr_pipeline.ablation.measuring.RECIPES", tiny)
    units = {
        repo: units_frame(
            [code_unit(f"{word}.py", word, f"{word} {word} w1") for word in WORDS[first : first + 8]], repo, "1"
        )
        for repo, first in (("one", 0), ("two", 8))
    }
    asked = [
        {
            "query_id": f"{repo}-{n}",
            "repo": repo,
            "kind": "conceptual",
            "query": WORDS[n],
            "relevant": [f"{WORDS[n]}.py"],
        }
        for repo, numbers in (("one", (2, 3)), ("two", (9, 12)))
        for n in numbers
    ]
    return Bench(
        base=saveable(tiny_encoder(head_dim=None)),
        examples={name: _with_sources(tiny_examples()) for name in tiny},
        dev_queries=pl.DataFrame(asked, schema=DEV_QUERY_SCHEMA),
        dev_units=units,
        head_dim=8,
        probe_units=8,
        folder=tmp_path / "models",
        measured=tmp_path / "measured",
    )


def _with_sources(examples: pl.DataFrame) -> pl.DataFrame:
    """Every second query about a file."""
    about_file = pl.int_range(pl.len()) % 2 == 0
    return examples.with_columns(source=pl.when(about_file).then(pl.lit("file")).otherwise(pl.lit("written")))


class Steps:
    """Counts training steps, and those after which dev was measured."""

    def __init__(self) -> None:
        self.taken = 0
        self.measured = 0

    def __call__(self, step: StepReport) -> None:
        self.taken += 1
        self.measured += step.dev is not None


def test_bm25_finds_a_file_by_its_word_and_needs_no_model(bench: Bench) -> None:
    frame = measure(bench, Arm("bm25", "bm25"), 13, Steps())
    assert frame["P@1"].to_list() == [1.0] * 4
    assert frame["mode"].unique().to_list() == ["bm25"]


def test_a_trained_arm_is_measured_in_every_mode_and_neither_trained_nor_measured_again(bench: Bench) -> None:
    steps = Steps()
    frame = measure(bench, Arm("judged", "judged"), 13, steps)
    assert steps.taken == 4
    assert frame.group_by("mode").len().sort("mode").rows() == [("hybrid", 4), ("semantic", 4), ("xtr", 4)]
    again = measure(bench, Arm("renamed", "judged"), 13, steps)
    assert steps.taken == 4
    assert again.drop("model").equals(frame.drop("model"))
    measure(bench, Arm("other", "judged", {"steps": 3}), 13, steps)
    # the index of one model a repository stays
    assert [len(list((bench.folder / "index" / repo).iterdir())) for repo in ("one", "two")] == [1, 1]


def test_the_main_jobs_checkpoint_is_used_where_the_recipe_is_its_own(bench: Bench, tmp_path: Path) -> None:
    recipe = arms.RECIPES["judged"]
    start = starting_encoder(bench.base, recipe, bench.examples["judged"].drop("source"), bench.head_dim)
    save_encoder(start, tmp_path / "made")
    made = replace(
        bench,
        trained={"judged": Checkpoint(asdict(recipe), tmp_path / "made")},
        folder=tmp_path / "own",
        measured=tmp_path / "own",
    )
    steps = Steps()
    used = measure(made, Arm("judged", "judged"), recipe.seed, steps)
    assert steps.taken == 0
    whole = measure(bench, Arm("whole", "judged", average=1.0), recipe.seed, steps)
    assert used.drop("model").equals(whole.drop("model"))
    taken = steps.taken
    for other in (Arm("seed", "judged"), Arm("half", "judged", labels=0.5), Arm("rate", "judged", {"steps": 3})):
        measure(made, other, 14 if other.name == "seed" else recipe.seed, steps)
        assert steps.taken > taken
        taken = steps.taken


def test_an_arm_that_is_warmed_up_starts_from_the_docstring_model(bench: Bench) -> None:
    still = {"learning_rate": 1e-9}
    arms_by_name = {
        "docstring": Arm("docstring", "docstring"),
        "plain": Arm("plain", "judged", still),
        "warm": Arm("warm", "judged", still, warm_up=True),
    }
    steps = Steps()
    for arm in arms_by_name.values():
        measure(bench, arm, 13, steps)
    assert steps.taken == 12  # the docstring model is not trained again
    found = {name: load_encoder(model_folder(bench, arm, 13)).weights() for name, arm in arms_by_name.items()}

    def moved(one: str) -> float:
        return max(float(np.abs(found[one][name] - weight).max()) for name, weight in found["docstring"].items())

    assert moved("warm") < 1e-4 < moved("plain")


def test_mined_negatives_near_an_answer_are_left_out_of_training(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, int]] = []

    def note(examples: pl.DataFrame, encoder: Encoder, ceiling: float, positive: int, on: object) -> pl.DataFrame:
        asked.append((ceiling, positive))
        return examples.head(5)

    monkeypatch.setattr("xtr_pipeline.ablation.measuring.without_near_positives", note)
    near = Arm("near", "judged", mined_ceiling=0.95)
    measure(bench, near, 13, Steps())
    assert asked == [(0.95, RECIPE.positive_grade)]
    assert model_folder(bench, near, 13) != model_folder(bench, Arm("judged", "judged"), 13)


def test_further_grades_on_dev_leave_a_model_as_it_is_where_none_of_them_chose_it(bench: Bench) -> None:
    more = replace(bench, dev_queries=bench.dev_queries.with_columns(query=pl.col("query") + " now"))
    chosen = Arm("judged", "judged", {"start_may_win": True})
    last = Arm("judged", "judged", {"start_may_win": False})
    assert model_folder(bench, chosen, 13) != model_folder(more, chosen, 13)
    assert model_folder(bench, last, 13) == model_folder(more, last, 13)
    steps = Steps()
    measure(bench, last, 13, steps)
    measure(more, last, 13, steps)
    assert steps.taken == 4
    assert steps.measured == 0
    measure(bench, chosen, 13, steps)
    assert steps.measured > 0


def test_queries_that_are_brought_along_are_asked_alone_of_the_same_model(bench: Bench) -> None:
    steps, arm = Steps(), Arm("judged", "judged")
    usual = measure(bench, arm, 13, steps)
    brought = EvalQuery("own-1", "two", "question", WORDS[9], (f"{WORDS[9]}.py",))
    frame = measure(replace(bench, asked=(brought,)), arm, 13, steps)
    assert steps.taken == 4
    assert set(frame.select("query_id", "repo").rows()) == {("own-1", "two")}
    same = usual.filter((pl.col("query_id") == "two-9") & (pl.col("mode") == "semantic"))
    assert frame.filter(pl.col("mode") == "semantic")["ranked"].to_list() == same["ranked"].to_list()
    assert measure(bench, arm, 13, steps).equals(usual)


def test_named_repositories_are_measured_alone_with_the_same_model(bench: Bench) -> None:
    steps, arm = Steps(), Arm("judged", "judged")
    usual = measure(bench, arm, 13, steps)
    alone = measure(on_repos(bench, ["two"]), arm, 13, steps)
    assert steps.taken == 4
    assert set(alone["repo"]) == {"two"}
    # in the same order: one row a query and mode
    assert alone["ranked"].to_list() == usual.filter(pl.col("repo") == "two")["ranked"].to_list()
    assert measure(on_repos(bench, []), arm, 13, steps).equals(usual)


def test_a_repository_that_nothing_is_asked_about_is_refused_by_name(bench: Bench) -> None:
    with pytest.raises(ValueError, match="no dev query is about three; there are some about one, two"):
        on_repos(bench, ["one", "three"])


def test_another_base_is_another_model(bench: Bench) -> None:
    arm = Arm("judged", "judged")
    recipe = arms.RECIPES["judged"]
    headed = starting_encoder(bench.base, recipe, bench.examples["judged"].drop("source"), bench.head_dim)
    assert model_folder(replace(bench, base=headed), arm, 13) != model_folder(bench, arm, 13)


def test_another_machine_goes_on_from_the_measurements_alone(bench: Bench, tmp_path: Path) -> None:
    steps = Steps()
    here = measure(bench, Arm("judged", "judged"), 13, steps)
    there = measure(replace(bench, folder=tmp_path / "there"), Arm("judged", "judged"), 13, steps)
    assert steps.taken == 4
    assert there.equals(here)
    assert all(file.suffix == ".parquet" for file in bench.measured.iterdir())


def test_averaging_trains_nothing_and_all_of_the_start_is_the_start(bench: Bench) -> None:
    steps = Steps()
    measure(bench, Arm("judged", "judged"), 13, steps)
    whole = measure(bench, Arm("whole", "judged", average=1.0), 13, steps)
    assert steps.taken == 4
    untrained = measure(bench, Arm("untrained", "judged", settings={"learning_rate": 1e-12}), 13, steps)
    assert whole["ranked"].to_list() == untrained["ranked"].to_list()


def test_another_seed_and_fewer_labels_are_other_models(bench: Bench) -> None:
    steps = Steps()
    for arm, seed in ((Arm("a", "judged"), 13), (Arm("a", "judged"), 14), (Arm("b", "judged", labels=0.5), 13)):
        measure(bench, arm, seed, steps)
    assert steps.taken == 12


def test_without_a_source_is_another_model_and_without_all_an_error(bench: Bench) -> None:
    steps = Steps()
    for arm in (Arm("a", "judged"), Arm("b", "judged", without="file"), Arm("c", "judged", without="written")):
        measure(bench, arm, 13, steps)
    assert steps.taken == 12
    with pytest.raises(ArmError, match="without file\\+written nothing is left"):
        measure(bench, Arm("d", "judged", without="file+written"), 13, steps)


def test_the_mean_vector_arm_ranks_every_file_by_the_cosine_of_the_means_of_its_unit(bench: Bench) -> None:
    frame = measure(bench, Arm("mean-vector", "mean-vector"), 13, Steps())
    assert frame["ranked"].list.len().to_list() == [8] * 4
    for row in frame.iter_rows(named=True):
        units = bench.dev_units[row["repo"]]
        encoded = bench.base.encode_documents(render_units(units))
        means = np.array([encoded[place].astype(np.float32).mean(axis=0) for place in range(len(encoded))])
        asked = bench.base.encode_queries([row["query_id"].replace("one-", "w").replace("two-", "w")])[0].mean(axis=0)
        best = int((means @ asked / np.linalg.norm(means, axis=1)).argmax())
        assert row["ranked"][0] == units["path"][best]


def test_another_width_of_the_head_is_another_model_and_refused_where_the_base_has_one(bench: Bench) -> None:
    wide = measure(bench, Arm("wide", "judged", head_dim=12), 13, Steps())
    assert wide["mode"].n_unique() == 3
    headed = replace(
        bench, base=starting_encoder(bench.base, arms.RECIPES["judged"], bench.examples["judged"].drop("source"), 8)
    )
    with pytest.raises(ArmError, match="the base has a head of 8 dimensions"):
        measure(headed, Arm("wide", "judged", head_dim=12), 13, Steps())


def test_arms_that_are_searched_otherwise_train_nothing_anew(bench: Bench) -> None:
    rarity = {"token_weights": "rarity"}
    steps = Steps()
    measure(bench, Arm("judged", "judged", rarity), 13, steps)
    taken = steps.taken
    for arm in (
        Arm("bare", "judged", rarity, weights=ScoreWeights(outline=0.0)),
        Arm("sizeless", "judged", rarity, weights=ScoreWeights(size=0.0)),
        Arm("alike", "judged", rarity, weighted_tokens=False),
    ):
        assert measure(bench, arm, 13, steps).height == 12
    assert steps.taken == taken


def test_a_smaller_share_of_the_labels_is_part_of_a_larger_one() -> None:
    examples = tiny_examples(40)
    quarter, half = set(share_of(examples, 0.25)["query_id"]), set(share_of(examples, 0.5)["query_id"])
    assert (len(quarter), len(half)) == (10, 20)
    assert quarter < half
    assert share_of(examples, 1.0).equals(examples)


def test_seeds_are_averaged_query_by_query(bench: Bench) -> None:
    one = measure(bench, Arm("bm25", "bm25"), 13, Steps())
    other = one.with_columns(pl.col("P@1") * 0, pl.col("MRR") * 0.5)
    mean = mean_over_seeds([one, other])
    assert mean["query_id"].to_list() == one["query_id"].to_list()
    assert (mean["P@1"].to_list(), mean["MRR"].to_list()) == ([0.5] * 4, [0.75] * 4)
