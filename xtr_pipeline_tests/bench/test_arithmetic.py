"""Operations counted by hand for a model of one layer."""

import pytest

from xtr_pipeline.bench.arithmetic import encode_flops, train_flops
from xtr_pipeline.encoder.bert_config import BertConfig

CONFIG = BertConfig(
    vocab_size=10,
    hidden_size=4,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=8,
    max_position_embeddings=16,
)


def test_two_texts_of_a_one_layer_model() -> None:
    # a token: q, k, v and output 4 * 16, up and down 2 * 32, head 4 * 3; a pair of tokens: scores and mixing 2 * 4
    multiplications = 5 * (64 + 64 + 12) + 8 * (2 * 2 + 3 * 3)
    assert encode_flops(CONFIG, 3, [2, 3]) == 2 * multiplications
    assert train_flops(CONFIG, 3, [2, 3]) == pytest.approx(3 * 2 * multiplications)
    assert encode_flops(CONFIG, None, [2, 3]) == 2 * (multiplications - 5 * 12)


def test_minilm_takes_21_million_operations_a_token_and_more_for_longer_texts() -> None:
    minilm = BertConfig(
        vocab_size=30522,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
        max_position_embeddings=512,
    )
    assert encode_flops(minilm, None, [1]) == pytest.approx(21.2e6, rel=0.01)
    assert encode_flops(minilm, None, [256]) / 256 > 1.1 * encode_flops(minilm, None, [1])
