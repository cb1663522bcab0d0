"""Names of tensors in a Hugging Face checkpoint and in our modules, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class TensorNames:
    """Names of one architecture's tensors.

    Attributes:
        renames: (Hugging Face, ours), both without the last part (weight, bias); {} is the layer number.
        prefix: What task models put before the names.
        layers: How Hugging Face calls the list of layers.
        unused: Beginnings of tensors that are carried along without a use here.
    """

    renames: tuple[tuple[str, str], ...]
    prefix: str
    layers: str
    unused: tuple[str, ...]

    def to_ours(self, name: str) -> str | None:
        """Our name of a Hugging Face tensor, None for tensors that we have no use for.

        Accepts the prefix of task models and the `gamma`/`beta` of checkpoints converted from TensorFlow.
        """
        plain = name.removeprefix(self.prefix).replace(".gamma", ".weight").replace(".beta", ".bias")
        return _rename(plain, self.layers, dict(self.renames))

    def to_hugging_face(self, name: str) -> str:
        """Hugging Face's name of one of our tensors.

        Raises:
            KeyError: For a name that no tensor of this architecture has.
        """
        renamed = _rename(name, "layers", {ours: theirs for theirs, ours in self.renames})
        if renamed is None:
            raise KeyError(name)
        return renamed

    def is_carried(self, name: str) -> bool:
        """Whether a tensor without a use here is kept for other libraries."""
        return name.removeprefix(self.prefix).startswith(self.unused)


BERT_NAMES = TensorNames(
    renames=(
        ("embeddings.word_embeddings.", "embeddings.word."),
        ("embeddings.position_embeddings.", "embeddings.position."),
        ("embeddings.token_type_embeddings.", "embeddings.segment."),
        ("embeddings.LayerNorm.", "embeddings.norm."),
        ("encoder.layer.{}.attention.self.query.", "layers.{}.query."),
        ("encoder.layer.{}.attention.self.key.", "layers.{}.key."),
        ("encoder.layer.{}.attention.self.value.", "layers.{}.value."),
        ("encoder.layer.{}.attention.output.dense.", "layers.{}.attention_out."),
        ("encoder.layer.{}.attention.output.LayerNorm.", "layers.{}.attention_norm."),
        ("encoder.layer.{}.intermediate.dense.", "layers.{}.up."),
        ("encoder.layer.{}.output.dense.", "layers.{}.down."),
        ("encoder.layer.{}.output.LayerNorm.", "layers.{}.norm."),
    ),
    prefix="bert.",
    layers="layer",
    unused=("pooler.",),
)

MPNET_NAMES = TensorNames(
    renames=(
        ("embeddings.word_embeddings.", "embeddings.word."),
        ("embeddings.position_embeddings.", "embeddings.position."),
        ("embeddings.LayerNorm.", "embeddings.norm."),
        ("encoder.relative_attention_bias.", "position_bias."),
        ("encoder.layer.{}.attention.attn.q.", "layers.{}.query."),
        ("encoder.layer.{}.attention.attn.k.", "layers.{}.key."),
        ("encoder.layer.{}.attention.attn.v.", "layers.{}.value."),
        ("encoder.layer.{}.attention.attn.o.", "layers.{}.attention_out."),
        ("encoder.layer.{}.attention.LayerNorm.", "layers.{}.attention_norm."),
        ("encoder.layer.{}.intermediate.dense.", "layers.{}.up."),
        ("encoder.layer.{}.output.dense.", "layers.{}.down."),
        ("encoder.layer.{}.output.LayerNorm.", "layers.{}.norm."),
    ),
    prefix="mpnet.",
    layers="layer",
    unused=("pooler.",),
)

T5_NAMES = TensorNames(
    renames=(
        # the same table under two names; the second one is written
        ("encoder.embed_tokens.", "embeddings.word."),
        ("shared.", "embeddings.word."),
        ("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.", "position_bias."),
        ("encoder.block.{}.layer.0.layer_norm.", "layers.{}.attention_norm."),
        ("encoder.block.{}.layer.0.SelfAttention.q.", "layers.{}.query."),
        ("encoder.block.{}.layer.0.SelfAttention.k.", "layers.{}.key."),
        ("encoder.block.{}.layer.0.SelfAttention.v.", "layers.{}.value."),
        ("encoder.block.{}.layer.0.SelfAttention.o.", "layers.{}.attention_out."),
        ("encoder.block.{}.layer.1.layer_norm.", "layers.{}.norm."),
        ("encoder.block.{}.layer.1.DenseReluDense.wi_0.", "layers.{}.gate."),
        ("encoder.block.{}.layer.1.DenseReluDense.wi_1.", "layers.{}.up."),
        ("encoder.block.{}.layer.1.DenseReluDense.wo.", "layers.{}.down."),
        ("encoder.final_layer_norm.", "norm."),
    ),
    prefix="",
    layers="block",
    unused=(),
)


def _rename(name: str, layers: str, table: dict[str, str]) -> str | None:
    stem, dot, leaf = name.rpartition(".")
    if leaf not in ("weight", "bias"):
        return None
    # a name without a number of its own first: T5's position biases lie in block 0
    if stem + dot in table:
        return table[stem + dot] + leaf
    pattern = re.compile(rf"(?<=\b{layers}\.)\d+")
    number = pattern.search(stem)
    target = table.get(pattern.sub("{}", stem, count=1) + dot)
    return None if target is None or number is None else target.format(number.group()) + leaf
