"""Checkpoints in Hugging Face layout: by folder, by hub id, or the base encoder by name."""

from __future__ import annotations

from pathlib import Path

from xtr_pipeline.encoder.base_weights import fetch_base_encoder
from xtr_pipeline.encoder.bert_config import CheckpointError, read_json_object
from xtr_pipeline.encoder.checkpoint_reading import (
    TOKEN_WEIGHTS_FILE,
    TORCH_FILE,
    read_encoder_settings,
    read_head,
    read_token_weights,
    read_tokenizer,
    read_trunk_weights,
)
from xtr_pipeline.encoder.checkpoint_writing import TOKENIZER_COMPANIONS, save_encoder
from xtr_pipeline.encoder.encoder import Carried, Encoder, build_encoder
from xtr_pipeline.encoder.trunks import read_trunk_config

__all__ = ["CheckpointError", "Encoder", "load_encoder", "load_from", "save_encoder"]

# Everything that load_encoder reads, and no weights in other formats; a head is small.
HUB_TRUNK = ("*.json", "model.safetensors", TOKEN_WEIGHTS_FILE, "vocab.txt")
HUB_HEAD = ("*/config.json", "*/model.safetensors", f"*_Dense/{TORCH_FILE}")


def load_encoder(folder: Path) -> Encoder:
    """Load a BERT, MPNet or T5 v1.1 checkpoint with or without a linear head.

    Args:
        folder: config.json, model.safetensors and tokenizer.json; where modules.json names a Dense module, its folder
            is the head; config_sentence_transformers.json holds the settings (PyLate's keys),
            token_weights.safetensors, where there is one, how much the tokens of a query count.

    Raises:
        CheckpointError: Naming the file and the cure.
    """
    folder = Path(folder)
    config = read_trunk_config(folder / "config.json")
    weights, unused = read_trunk_weights(folder / "model.safetensors", config)
    head = read_head(folder, config)
    if head is not None:
        weights["head.weight"] = head
    dim = config.hidden_size if head is None else int(head.shape[0])
    carried = Carried(
        config=read_json_object(folder / "config.json"),
        files={name: (folder / name).read_bytes() for name in TOKENIZER_COMPANIONS if (folder / name).is_file()},
        tensors=unused,
    )
    settings = read_encoder_settings(folder / "config_sentence_transformers.json", config, dim)
    tokenizer = read_tokenizer(folder / "tokenizer.json", config)
    token_weights = read_token_weights(folder, tokenizer.vocabulary_size())
    return build_encoder(weights, tokenizer, settings, config, carried, token_weights)


def load_from(ref: str, home: Path) -> Encoder:
    """Load an encoder by reference.

    Args:
        ref: "base" (fetched and checked when it is not there yet), a folder, or a hub id such as "org/name".
        home: Run storage; the base encoder lies in checkpoints/base, downloads in downloads, hub snapshots in
            checkpoints/hub.

    Raises:
        CheckpointError: When there is no such folder and the hub has no such model, or the checkpoint is unusable.
    """
    if ref == "base":
        return load_encoder(fetch_base_encoder(home / "checkpoints" / "base", home / "downloads"))
    folder = Path(ref)
    if folder.is_dir():
        return load_encoder(folder)
    if folder.is_absolute() or ref.startswith(".") or len([part for part in ref.split("/") if part]) != 2:
        raise CheckpointError(f"{ref} is not a folder; give a checkpoint folder, a hub id (org/name) or 'base'")
    return load_encoder(_snapshot(ref, home / "checkpoints" / "hub"))


def _snapshot(hub_id: str, cache: Path) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, cache_dir=cache, allow_patterns=[*HUB_TRUNK, *HUB_HEAD]))
    except Exception as error:  # the hub raises a dozen unrelated classes; at this boundary they mean one thing
        cure = "check the id and the network, or download the model and give its folder"
        raise CheckpointError(
            f"{hub_id} is no local folder and could not be had from the hub ({error}); {cure}"
        ) from error
