"""The trunks that a multi-vector encoder can have: which config belongs to which network and which tensor names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtr_pipeline.encoder.bert import BertEncoder
from xtr_pipeline.encoder.bert_config import BertConfig, CheckpointError, bert_config_of, read_json_object
from xtr_pipeline.encoder.kernels import Kernels
from xtr_pipeline.encoder.mpnet import MPNetEncoder
from xtr_pipeline.encoder.mpnet_config import MPNetConfig, mpnet_config_of
from xtr_pipeline.encoder.t5 import T5Encoder
from xtr_pipeline.encoder.t5_config import T5Config, t5_config_of
from xtr_pipeline.encoder.weight_names import BERT_NAMES, MPNET_NAMES, T5_NAMES, TensorNames

TrunkConfig = BertConfig | T5Config  # MPNet's is a BertConfig
Trunk = BertEncoder | MPNetEncoder | T5Encoder


@dataclass(frozen=True)
class Architecture:
    """A kind of network, and how its checkpoints are laid out.

    Attributes:
        model_type: As `config.json` has it.
        model: What transformers' AutoModel must load the encoder alone with.
        read: The geometry of a `config.json`, or what is wrong with it.
        network: Makes the network of a geometry.
        names: How its tensors are called.
        head_folder: Where a checkpoint's linear head lies; google/xtr-base-en, and what reads it, has it behind a
            pooling module.
        lower_case: Whether texts are lower-cased unless a checkpoint says otherwise: T5's tokenizer tells capitals
            apart, and google/xtr-base-en was trained without.
        torch_head: Whether the head is written as a PyTorch file too, which readers of google/xtr-base-en look for.
    """

    model_type: str
    model: str
    read: Callable[[dict[str, Any]], tuple[TrunkConfig | None, list[str]]]
    network: Callable[[Any, Kernels], Trunk]
    names: TensorNames
    head_folder: str = "1_Dense"
    lower_case: bool = False
    torch_head: bool = False

    @property
    def identity(self) -> dict[str, object]:
        """What a saved `config.json` must say of it."""
        return {"architectures": [self.model], "model_type": self.model_type}


_ARCHITECTURES: Mapping[type, Architecture] = {
    BertConfig: Architecture("bert", "BertModel", bert_config_of, BertEncoder, BERT_NAMES),
    MPNetConfig: Architecture("mpnet", "MPNetModel", mpnet_config_of, MPNetEncoder, MPNET_NAMES),
    T5Config: Architecture(
        "t5", "T5EncoderModel", t5_config_of, T5Encoder, T5_NAMES, "2_Dense", lower_case=True, torch_head=True
    ),
}


def architecture_of(config: TrunkConfig) -> Architecture:
    """The architecture that a geometry is one of."""
    return _ARCHITECTURES[type(config)]


def read_trunk_config(path: Path) -> TrunkConfig:
    """Read the geometry from a `config.json`.

    Raises:
        CheckpointError: Listing everything that is missing or unsupported, with the cure.
    """
    raw = read_json_object(path)
    known = {architecture.model_type: architecture for architecture in _ARCHITECTURES.values()}
    if raw.get("model_type") not in known:
        supported = ", ".join(map(repr, known))
        raise CheckpointError(
            f"{path}: model_type is {raw.get('model_type')!r}, and only {supported} are supported; "
            "choose a BERT, MPNet or T5 v1.1 checkpoint"
        )
    config, problems = known[raw["model_type"]].read(raw)
    if config is None:
        raise CheckpointError(f"{path}: " + "; ".join(problems))
    return config


def make_trunk(config: TrunkConfig, kernels: Kernels) -> Trunk:
    """The network of a config, with random weights."""
    return architecture_of(config).network(config, kernels)
