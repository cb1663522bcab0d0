"""Workload and search latency on a tiny encoder; with PyTorch installed, that both sides compute the same."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from xtr_pipeline.bench.mlx_side import MlxSide
from xtr_pipeline.bench.search_latency import search_latency
from xtr_pipeline.bench.workload import Workload, make_workload
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline_tests.judge.sample_units import three_units
from xtr_pipeline_tests.training.tiny import tiny_examples

TINY_BERT = Path(__file__).parents[1] / "encoder" / "fixtures" / "tiny_bert"
RECIPE = Recipe(
    name="tiny", query_length=8, document_length=16, batch_tokens=256, tile_tokens=64, candidates_per_query=4
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(TINY_BERT)


@pytest.fixture(scope="module")
def workload(encoder: Encoder) -> Workload:
    return make_workload(encoder, tiny_examples(), three_units(), RECIPE, steps=2, documents=3, seed=1)


def test_a_workload_is_the_trainers_own_batches_and_real_units(workload: Workload) -> None:
    assert len(workload.batches) == 2
    assert workload.train_tokens == sum(batch.tokens for batch in workload.batches)
    assert len(workload.documents) == 3
    assert workload.encode_tokens == workload.documents.lengths.sum()
    assert 0 <= workload.description["train_padding"] < 1


def test_more_than_there_is_cannot_be_asked_for(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="900 documents are wanted"):
        make_workload(encoder, tiny_examples(), three_units(), RECIPE, steps=1, documents=900, seed=1)


def test_our_side_takes_the_trainers_step_and_encodes_every_document(workload: Workload) -> None:
    side = MlxSide(TINY_BERT, workload)
    losses = [side.train_step(number) for number in range(4)]
    assert all(np.isfinite(losses))
    # batch 0 again, after it was learned from
    assert losses[2] < losses[0]
    vectors = side.encode()
    assert len(vectors) == workload.encode_tokens
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra: pip install -e .[torch]")
@pytest.mark.parametrize("budget", [32, 4_096])
def test_both_sides_have_the_same_losses_step_by_step_and_the_same_vectors(workload: Workload, budget: int) -> None:
    from xtr_pipeline.bench.torch_side import TorchSide

    ours, theirs = MlxSide(TINY_BERT, workload), TorchSide(TINY_BERT, workload, token_budget=budget)
    np.testing.assert_allclose(ours.encode(), theirs.encode(), atol=1e-4)
    for number in range(6):
        assert ours.train_step(number) == pytest.approx(theirs.train_step(number), rel=1e-3)


@pytest.mark.parametrize("units", [50, 2_100], ids=["whole", "narrowed"])
def test_search_latency_is_of_every_query_over_as_many_units_as_asked(
    encoder: Encoder, tmp_path: Path, units: int
) -> None:
    lengths = np.array([3, 5, 9])
    found = search_latency(encoder, ["w1 w2", "w3", "w4 w5", "w6"], ["w1 w3", "w9"], lengths, units, tmp_path)
    assert found.units == units
    assert 3 * units <= found.tokens <= 10 * units
    assert 0 < found.p50_ms <= found.p95_ms
    assert found.encode_p50_ms + found.score_p50_ms <= 2 * found.p95_ms
    assert np.load(tmp_path / f"{units}.npy").dtype == np.float16
