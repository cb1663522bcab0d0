"""The model card: what it states, and facts from which none is written."""

from dataclasses import replace

import polars as pl
import pytest
import yaml

from xtr_pipeline.corpus.source_repo import GitSource, PathSource, PypiSource, SourceRepo
from xtr_pipeline.encoder.settings import EncoderSettings
from xtr_pipeline.evaluation.gate import Thresholds, judge_promotion
from xtr_pipeline.evaluation.report import result_figures
from xtr_pipeline.release.card_facts import CardFacts, CardFactsError
from xtr_pipeline.release.label_facts import LabelFacts
from xtr_pipeline.release.model_card import render_model_card
from xtr_pipeline_tests.evaluation.runs import run_of, shares

GOOD = {"conceptual": shares(58, 60), "question": shares(38, 40), "keyword": shares(49, 50)}
RUN = run_of(GOOD, model="judged")
REPOS = (
    SourceRepo("rich", "train", PypiSource("rich", "15.0.0", "a" * 64), ("rich",), (), "MIT"),
    SourceRepo("tool", "dev", GitSource("https://example.org/tool", "b" * 40), ("src",), (), "Apache-2.0"),
    SourceRepo("own", "train", PathSource("/home/somebody/own"), (".",), (), "BSD-3-Clause"),
)
TRAIN = LabelFacts("train", 3565, 252, 2520, 590, ("claude",), ("q1",), ("claude",), ("g1",), ("r1",))
DEV = LabelFacts("dev", 371, 120, 1200, 0, ("claude",), ("q1",), ("claude",), ("g1",), ("r1",))
FACTS = CardFacts(
    name="Code search, judged",
    base_model="sentence-transformers/all-MiniLM-L6-v2",
    repos=REPOS,
    labels=(TRAIN, DEV),
    recipe={"temperature": 0.05},
    settings=EncoderSettings(dim=128),
    results=result_figures(pl.concat([run_of(GOOD, model="base"), RUN]), resamples=200),
    model="judged",
    mode="semantic",
    verdict=judge_promotion(RUN, None, Thresholds(resamples=100)),
    lineage={"checkpoint": "c" * 64, "training set": "d" * 64},
    limits=("Slow on Tuesdays.",),
)


def test_the_metadata_block_is_yaml_that_the_hub_reads():
    _, block, _ = render_model_card(FACTS).split("---\n", 2)
    metadata = yaml.safe_load(block)
    assert metadata["license"] == "apache-2.0"
    assert metadata["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert "code-search" in metadata["tags"]
    results = {
        (result["dataset"]["config"], metric["type"]): metric["value"]
        for result in metadata["model-index"][0]["results"]
        for metric in result["metrics"]
    }
    assert results["semantic", "R@10"] == 0.96
    assert results["keyword", "P@1"] == 0.98


def test_the_card_tells_of_token_weights_where_the_checkpoint_has_them():
    assert "token_weights.safetensors" in render_model_card(replace(FACTS, token_weights=True))
    assert "token_weights" not in render_model_card(FACTS)


def test_the_card_states_data_licences_metrics_with_bounds_use_limits_and_lineage():
    card = render_model_card(FACTS)
    for part in (
        "| rich | train | sdist of rich 15.0.0, sha256 `aaaaaaaaaaaa` | MIT |",
        "| tool | dev | https://example.org/tool at `bbbbbbbbbbbb` | Apache-2.0 |",
        "- temperature: 0.05",
        "- dim: 128",
        "| semantic | judged | semantic | 100 | 0.960 (",
        "| semantic | base | semantic | 100 | 0.960 (",
        "**Passed**",
        "## Intended use",
        "Slow on Tuesdays.",
        f"| checkpoint | `{'c' * 64}` |",
    ):
        assert part in card


def test_the_labels_are_told_by_role_with_what_nobody_graded():
    card = render_model_card(FACTS)
    for part in (
        "|  | train | dev |",
        "| queries written | 3,565 | 371 |",
        "| of these with a graded pool | 252 | 120 |",
        "| different (query, unit) pairs graded | 2,520 | 1,200 |",
        "| second judgings | 590 | 0 |",
        "| writer | claude | claude |",
        "| query prompt version | q1 | q1 |",
        "| judge | claude | claude |",
        "| grade prompt version | g1 | g1 |",
        "| rubric version | r1 | r1 |",
        "3,313 of the 3,565 train queries were only written by a language model",
        "Trained only on the repositories listed above as train;",
        "the dev repositories chose among checkpoints",
    ):
        assert part in card
    assert "Training grades were given" not in card


def test_train_repositories_come_before_dev_repositories():
    card = render_model_card(FACTS)
    assert card.index("| rich | train |") < card.index("| own | train |") < card.index("| tool | dev |")


def test_the_card_tells_how_to_get_the_same_vectors_elsewhere():
    card = render_model_card(FACTS)
    assert "## Use elsewhere" in card
    assert "def split_code(text: str) -> str:" in card


def test_labels_of_other_roles_than_the_repositories_are_refused():
    with pytest.raises(CardFactsError, match=r"labels are those of \['train'\], the repos are \['dev', 'train'\]"):
        replace(FACTS, labels=(TRAIN,))


def test_the_card_does_not_say_where_somebodys_checkout_lies():
    card = render_model_card(FACTS)
    assert "/home/somebody" not in card
    assert "| own | train | a local folder | BSD-3-Clause |" in card


def test_facts_with_gaps_are_refused_with_all_of_them():
    evaluated = SourceRepo("celery", "eval", PypiSource("celery", "5", "e" * 64), ("celery",), (), " ")
    with pytest.raises(CardFactsError) as caught:
        replace(FACTS, repos=(evaluated,), labels=(), lineage={"checkpoint": " "}, mode="hybrid")
    for part in (
        "labels is empty",
        "repo 'celery' has no licence",
        "repo 'celery' is an eval repo",
        "lineage of 'checkpoint' is blank",
        "no run of 'judged' in mode 'hybrid'",
    ):
        assert part in str(caught.value)
