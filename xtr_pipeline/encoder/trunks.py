"""The trunks that a multi-vector encoder can have: which config belongs to which network and which tensor names."""

from __future__ import annotations

from pathlib import Path

from xtr_pipeline.encoder.bert import BertEncoder
from xtr_pipeline.encoder.bert_config import BertConfig, CheckpointError, bert_config_of, read_json_object
from xtr_pipeline.encoder.kernels import Kernels
from xtr_pipeline.encoder.t5 import T5Encoder
from xtr_pipeline.encoder.t5_config import T5Config, t5_config_of
from xtr_pipeline.encoder.weight_names import BERT_NAMES, T5_NAMES, TensorNames

TrunkConfig = BertConfig | T5Config


def read_trunk_config(path: Path) -> TrunkConfig:
    """Read the geometry from a `config.json`.

    Raises:
        CheckpointError: Listing everything that is missing or unsupported, with the cure.
    """
    raw = read_json_object(path)
    readers = {"bert": bert_config_of, "t5": t5_config_of}
    if raw.get("model_type") not in readers:
        supported = " and ".join(map(repr, readers))
        raise CheckpointError(
            f"{path}: model_type is {raw.get('model_type')!r}, and only {supported} are supported; "
            "choose a BERT or T5 v1.1 checkpoint"
        )
    config, problems = readers[raw["model_type"]](raw)
    if config is None:
        raise CheckpointError(f"{path}: " + "; ".join(problems))
    return config


def make_trunk(config: TrunkConfig, kernels: Kernels) -> BertEncoder | T5Encoder:
    """The network of a config, with random weights."""
    return T5Encoder(config, kernels) if isinstance(config, T5Config) else BertEncoder(config, kernels)


def tensor_names(config: TrunkConfig) -> TensorNames:
    """How its tensors are called in a Hugging Face checkpoint."""
    return T5_NAMES if isinstance(config, T5Config) else BERT_NAMES


def hub_identity(config: TrunkConfig) -> dict[str, object]:
    """What a saved `config.json` must say for transformers' AutoModel to load the encoder alone."""
    if isinstance(config, T5Config):
        return {"architectures": ["T5EncoderModel"], "model_type": "t5"}
    return {"architectures": ["BertModel"], "model_type": "bert"}


def head_folder(config: TrunkConfig) -> str:
    """Where a checkpoint's linear head lies; google/xtr-base-en, and what reads it, has it behind a pooling module."""
    return "2_Dense" if isinstance(config, T5Config) else "1_Dense"
