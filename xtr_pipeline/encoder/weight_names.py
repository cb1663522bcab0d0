"""Names of BERT's tensors in a Hugging Face checkpoint and in our modules, as data."""

from __future__ import annotations

import re

# (Hugging Face, ours); {} is the layer number.
RENAMES: tuple[tuple[str, str], ...] = (
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
)

_LAYER_NUMBER = re.compile(r"(?<=layer\.)\d+|(?<=layers\.)\d+")


def to_ours(name: str) -> str | None:
    """Our name of a Hugging Face tensor, None for tensors that we have no use for (pooler, heads, position ids).

    Accepts the prefix `bert.` of task models and the `gamma`/`beta` of checkpoints converted from TensorFlow.
    """
    plain = name.removeprefix("bert.").replace(".gamma", ".weight").replace(".beta", ".bias")
    return _rename(plain, dict(RENAMES))


def to_hugging_face(name: str) -> str:
    """Hugging Face's name of one of our tensors.

    Raises:
        KeyError: For a name that no BERT tensor has.
    """
    renamed = _rename(name, {ours: hf for hf, ours in RENAMES})
    if renamed is None:
        raise KeyError(name)
    return renamed


def _rename(name: str, table: dict[str, str]) -> str | None:
    number = _LAYER_NUMBER.search(name)
    generic = _LAYER_NUMBER.sub("{}", name, count=1)
    stem, dot, leaf = generic.rpartition(".")
    target = table.get(stem + dot)
    if target is None or leaf not in ("weight", "bias"):
        return None
    return target.format(number.group() if number else "") + leaf
