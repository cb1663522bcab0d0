"""From texts to token vectors."""

from __future__ import annotations

import pickle
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder

TEXTS = ["def parse_config(file):", "retry", "", "write the file out; read it in again" * 3, "class Config: pass"]


def _one_by_one(encoder: Encoder, text: str) -> np.ndarray:
    ids = encoder.tokenise([text], encoder.settings.document_length)[0]
    return np.array(encoder.model(mx.array(ids[None]), mx.ones((1, len(ids)))))[0]


def _with_settings(encoder: Encoder, **changes: Any) -> Encoder:
    return replace(encoder, settings=replace(encoder.settings, **changes))


def test_documents_keep_their_order_and_equal_those_encoded_alone(tiny: Encoder):
    encoded = tiny.encode_documents(TEXTS)
    assert encoded.vectors.dtype == np.float16
    assert len(encoded) == len(TEXTS)
    for index, text in enumerate(TEXTS):
        np.testing.assert_allclose(encoded[index], _one_by_one(tiny, text), atol=1e-3)


def test_many_batches_equal_one(tiny: Encoder):
    texts = [f"{'file ' * (number % 37)}{number}" for number in range(150)]
    encoded = tiny.encode_documents(texts)
    for index in (0, 36, 37, 74, 149):
        np.testing.assert_allclose(encoded[index], _one_by_one(tiny, texts[index]), atol=1e-3)


def test_queries_are_float32_and_cut_to_their_own_length(tiny: Encoder):
    short, long = tiny.encode_queries(["retry", "file " * 40])
    assert short.dtype == np.float32
    assert short.shape == (3, 8)
    assert long.shape == (tiny.settings.query_length, 8)


def test_encoding_twice_gives_the_same_bits(tiny: Encoder):
    texts = [f"read {number} " + "file " * number for number in range(40)]
    first, second = tiny.encode_documents(texts), tiny.encode_documents(texts)
    np.testing.assert_array_equal(first.vectors, second.vectors)


def test_nothing_to_encode_gives_nothing(tiny: Encoder):
    assert tiny.encode_documents([]).vectors.shape == (0, 8)
    assert tiny.encode_queries([]) == []


def test_vectors_can_go_to_a_file_instead_of_memory(tiny: Encoder, tmp_path: Path):
    encoded = tiny.encode_documents(TEXTS, into=tmp_path / "new" / "vectors.npy")
    assert isinstance(encoded.vectors, np.memmap)
    np.testing.assert_array_equal(np.load(tmp_path / "new" / "vectors.npy"), tiny.encode_documents(TEXTS).vectors)


def test_progress_counts_every_token_once(tiny: Encoder):
    seen: list[tuple[int, int]] = []
    tiny.encode_documents(["file " * 45] * 60, on_progress=lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == (47 * 60, 47 * 60)


def test_special_tokens_can_be_left_out_of_queries_and_documents(tiny: Encoder):
    bare = _with_settings(tiny, keep_special_tokens=False)
    np.testing.assert_array_equal(bare.encode_documents(TEXTS)[1], tiny.encode_documents(TEXTS)[1][1:-1])
    np.testing.assert_array_equal(bare.encode_queries(["retry"])[0], tiny.encode_queries(["retry"])[0][1:-1])
    assert bare.encode_documents(TEXTS)[2].shape == (0, 8)


def test_punctuation_can_be_left_out_of_documents_only(tiny: Encoder):
    whole = _with_settings(tiny, split_code=False)
    skipping = _with_settings(whole, skip_punctuation=True)
    text = "read (file);"
    kept = [0, 1, 3, 6]  # [CLS] read ( file ) ; [SEP]
    np.testing.assert_array_equal(skipping.encode_documents([text])[0], whole.encode_documents([text])[0][kept])
    np.testing.assert_array_equal(skipping.encode_queries([text])[0], whole.encode_queries([text])[0])


def test_code_is_split_for_queries_and_documents_alike_unless_the_settings_say_otherwise(tiny: Encoder) -> None:
    whole = _with_settings(tiny, split_code=False)
    for encode in ("encode_queries", "encode_documents"):
        split, plain = getattr(tiny, encode)(["readFile(time_out)", "read File time out"])
        # two rows of one batch: some BLAS kernels round the last rows of a product in another order; float16 is coarser
        np.testing.assert_allclose(split, plain, atol=1e-5 if encode == "encode_queries" else 1e-3)
        unsplit, plain = getattr(whole, encode)(["readFile(time_out)", "read File time out"])
        assert len(unsplit) > len(plain)


def test_the_fingerprint_follows_weights_settings_and_nothing_else(tiny: Encoder):
    assert tiny.fingerprint == tiny.copy().fingerprint
    assert len(tiny.fingerprint) == 64
    weights = tiny.weights()
    weights["trunk.layers.0.up.bias"] = weights["trunk.layers.0.up.bias"] + np.float32(1e-3)
    changed = tiny.with_weights(weights)
    settings = _with_settings(tiny, document_length=40)
    assert len({tiny.fingerprint, changed.fingerprint, settings.fingerprint}) == 3


def test_a_copy_does_not_share_weights(tiny: Encoder):
    before = tiny.fingerprint
    copied = tiny.copy()
    copied.model.head.weight = copied.model.head.weight * 2
    assert tiny.fingerprint == before
    assert copied.fingerprint != before


def test_a_head_can_be_put_on(tiny: Encoder):
    weight = np.eye(5, 24, dtype=np.float32)
    encoder = tiny.with_head(weight)
    assert encoder.settings.dim == 5
    assert encoder.encode_queries(["retry"])[0].shape == (3, 5)
    assert tiny.settings.dim == 8


def test_weights_that_do_not_fit_are_refused(tiny: Encoder):
    weights = tiny.weights()
    del weights["trunk.layers.1.down.weight"]
    with pytest.raises(ValueError, match=r"layers\.1\.down\.weight"):
        tiny.with_weights(weights)


def test_an_encoder_survives_pickling(tiny: Encoder):
    copied = pickle.loads(pickle.dumps(tiny))
    assert copied.fingerprint == tiny.fingerprint
    np.testing.assert_array_equal(copied.encode_documents(TEXTS).vectors, tiny.encode_documents(TEXTS).vectors)


def test_other_threads_can_encode_too(tiny: Encoder):
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(tiny.encode_documents(TEXTS).vectors)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    for vectors in found:
        np.testing.assert_array_equal(vectors, tiny.encode_documents(TEXTS).vectors)
