"""Writing a checkpoint in the layout of transformers (AutoModel) and PyLate.

sentence-transformers 6 reads PyLate's layout too (MultiVectorEncoder); PyLate 1.6 cannot load the other's Dense module,
which names the vectors that it works on. With `split_code` on (a key of ours in config_sentence_transformers.json,
which they ignore) both give the same vectors only for texts that went through `code_text.split_code` first; the model
card of a promoted checkpoint holds that function, and what else they do differently.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from xtr_pipeline.encoder.checkpoint_reading import TOKEN_WEIGHTS_FILE, TORCH_FILE, WEIGHTED
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.settings import settings_json
from xtr_pipeline.encoder.torch_file import write_torch_file
from xtr_pipeline.encoder.trunks import architecture_of

TOKENIZER_COMPANIONS = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "added_tokens.json")


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write the encoder to a folder; an older one there is replaced only when the new one is complete.

    The folder holds config.json, model.safetensors, the tokenizer's files, modules.json, the settings under PyLate's
    keys (config_sentence_transformers.json), with a head 1_Dense/ with linear.weight (T5: 2_Dense/, as a PyTorch file
    too, which readers of google/xtr-base-en look for), and with token weights a file of these, which the other
    libraries do not know: their queries' tokens all count alike.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_files(encoder, staging)
        staging.chmod(0o755)
        _replace(staging, folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _write_files(encoder: Encoder, folder: Path) -> None:
    weights = encoder.weights()
    head = weights.pop("head.weight", None)
    architecture = architecture_of(encoder.config)
    names = architecture.names
    tensors = {names.to_hugging_face(name.removeprefix("trunk.")): weight for name, weight in weights.items()}
    tensors |= {name: np.ascontiguousarray(tensor) for name, tensor in encoder.carried.tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    if encoder.token_weights is not None:
        save_file({"weight": encoder.token_weights}, folder / TOKEN_WEIGHTS_FILE)
    config = {**encoder.carried.config, **architecture.identity}
    _write_json(folder / "config.json", config)
    (folder / "tokenizer.json").write_text(encoder.tokenizer.definition, encoding="utf-8")
    for name, content in encoder.carried.files.items():
        (folder / name).write_bytes(content)
    settings = {**settings_json(encoder.settings), WEIGHTED: encoder.token_weights is not None}
    _write_json(folder / "config_sentence_transformers.json", settings)
    longest = max(encoder.settings.document_length, encoder.settings.query_length)
    _write_json(
        folder / "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": encoder.settings.lower_case}
    )
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    if head is not None:
        place = architecture.head_folder
        modules.append({"idx": 1, "name": "1", "path": place, "type": "pylate.models.Dense.Dense"})
        (folder / place).mkdir()
        save_file({"linear.weight": head}, folder / place / "model.safetensors", metadata={"format": "pt"})
        if architecture.torch_head:
            write_torch_file({"linear.weight": head}, folder / place / TORCH_FILE)
        _write_json(folder / place / "config.json", _dense_json(*head.shape))
    _write_json(folder / "modules.json", modules)


def _dense_json(dim: int, hidden: int) -> dict[str, Any]:
    return {
        "in_features": hidden,
        "out_features": dim,
        "bias": False,
        "activation_function": "torch.nn.modules.linear.Identity",
    }


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _replace(staging: Path, folder: Path) -> None:
    """Put the complete folder in place; between the two renames a reader finds no folder, never half a one."""
    if not folder.exists():
        staging.replace(folder)
        return
    retired = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.replace(retired / folder.name)
    staging.replace(folder)
    shutil.rmtree(retired, ignore_errors=True)
