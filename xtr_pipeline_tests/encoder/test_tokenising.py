"""Texts to ids."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.tokenising import TEXTS_PER_CHUNK


def test_a_long_text_is_cut_with_its_closing_token_kept(tiny: Encoder):
    ids = tiny.tokenizer.tokenise(["file " * 50], 7)[0]
    closing, opening = ids[-1], ids[0]
    assert len(ids) == 7
    assert {int(opening), int(closing)} == {2, 3}


def test_an_empty_text_is_its_special_tokens(tiny: Encoder):
    assert tiny.tokenizer.tokenise([""], 16)[0].tolist() == [2, 3]


def test_no_texts_give_no_ids(tiny: Encoder):
    tokens = tiny.tokenizer.tokenise([], 16)
    assert (len(tokens), len(tokens.ids), tokens.offsets.tolist()) == (0, 0, [0])


def test_chunks_give_what_single_texts_give(tiny: Encoder):
    texts = [f"read file {number}" for number in range(TEXTS_PER_CHUNK + 3)]
    together = tiny.tokenizer.tokenise(texts, 16)
    for index in (0, TEXTS_PER_CHUNK - 1, TEXTS_PER_CHUNK, TEXTS_PER_CHUNK + 2):
        np.testing.assert_array_equal(together[index], tiny.tokenizer.tokenise([texts[index]], 16)[0])
    assert together.lengths.sum() == len(together.ids)


def test_truncation_and_padding_of_the_shipped_tokenizer_do_not_matter(tiny: Encoder):
    import json

    definition = json.loads(tiny.tokenizer.definition)
    definition["truncation"] = {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    definition["padding"] = {
        "strategy": {"Fixed": 9},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    cut = type(tiny.tokenizer)(json.dumps(definition))
    text = "parse config file and write it"
    assert cut.tokenise([text], 32)[0].tolist() == tiny.tokenizer.tokenise([text], 32)[0].tolist()


def test_a_length_without_room_for_a_word_is_refused_with_the_least_that_works(tiny: Encoder):
    with pytest.raises(ValueError, match="at least 3"):
        tiny.tokenizer.tokenise(["file"], 2)


def test_a_tokenizer_survives_pickling(tiny: Encoder):
    copied = pickle.loads(pickle.dumps(tiny.tokenizer))
    assert copied.tokenise(["retry"], 8)[0].tolist() == tiny.tokenizer.tokenise(["retry"], 8)[0].tolist()


def test_special_ids_leave_the_unknown_word_in(tiny: Encoder):
    assert tiny.tokenizer.special_ids() == {0, 2, 3, 4}


def test_punctuation_is_every_ascii_mark_of_the_vocabulary(tiny: Encoder):
    ids = tiny.tokenizer.punctuation_ids()
    assert len(ids) == 32
    assert set(tiny.tokenizer.tokenise(["(;"], 8)[0][1:-1].tolist()) <= ids
