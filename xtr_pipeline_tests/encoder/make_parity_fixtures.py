"""Regenerate the parity fixtures with PyTorch and transformers, the reference implementation of all three networks.

Needs the `torch` extra; run from the repository's root:

    python -m xtr_pipeline_tests.encoder.make_parity_fixtures BASE_FOLDER

BASE_FOLDER holds the base encoder (`xtr_pipeline.encoder.base_weights.fetch_base_encoder`). Writes, into fixtures/:
tiny_bert/, tiny_t5/ and tiny_mpnet/ (random-weight checkpoints; the first two with a head, the second in the layout of
google/xtr-base-en), and of each and of the base inputs and expected outputs as .npz.
"""

from __future__ import annotations

import json
import string
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedModel,
    T5Config,
    T5EncoderModel,
)

FIXTURES = Path(__file__).parent / "fixtures"
SEED = 20240607
HEAD_DIM = 8
WORDS = ("def", "return", "class", "self", "import", "parse", "config", "file", "retry", "time", "out", "read", "write")
BERT_SPECIALS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
# in the order of their ids: MPNet's padding is 1, and positions are counted from behind it
MPNET_SPECIALS = {
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
TEXTS = (
    "retry a request after a time out",
    "def parse_config(file): return file.read()",
    "class Ünïcode: x = 'zzz' # 42",
)


def main() -> None:
    """Write all fixtures."""
    base = Path(sys.argv[1])
    torch.manual_seed(SEED)
    folder = FIXTURES / "tiny_bert"
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder, BERT_SPECIALS, "BertTokenizer")
    _write_tiny_weights(folder)
    _write_expected(BertModel, folder, FIXTURES / "tiny_bert.npz", max_length=48)
    _write_expected(BertModel, base, FIXTURES / "base.npz", max_length=20)
    t5 = FIXTURES / "tiny_t5"
    t5.mkdir(exist_ok=True)
    _write_t5_tokenizer(t5)
    _write_t5_weights(t5)
    _write_expected(T5EncoderModel, t5, FIXTURES / "tiny_t5.npz", max_length=48, head="2_Dense", lower_case=True)
    write_mpnet()


def write_mpnet() -> None:
    """MPNet's fixture, with a seed of its own."""
    torch.manual_seed(SEED + 1)
    folder = FIXTURES / "tiny_mpnet"
    folder.mkdir(exist_ok=True)
    _write_tokenizer(folder, MPNET_SPECIALS, "PreTrainedTokenizerFast")
    _write_mpnet_weights(folder)
    _write_expected(MPNetModel, folder, FIXTURES / "tiny_mpnet.npz", max_length=48)


def _write_tokenizer(folder: Path, specials: Mapping[str, str], tokenizer_class: str) -> None:
    cls, sep = specials["cls_token"], specials["sep_token"]
    characters = list(string.ascii_lowercase + string.digits + string.punctuation)
    vocabulary = [*specials.values(), *WORDS, *characters, *(f"##{c}" for c in string.ascii_lowercase + string.digits)]
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocabulary)}, unk_token=specials["unk_token"]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(list(specials.values()))
    ends = [(token, vocabulary.index(token)) for token in (cls, sep)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}", pair=f"{cls} $A {sep} $B:1 {sep}:1", special_tokens=ends
    )
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {"tokenizer_class": tokenizer_class, "model_max_length": 64, "do_lower_case": True, **specials}, indent=2
        )
    )


def _write_tiny_weights(folder: Path) -> None:
    size = len(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
    config = BertConfig(
        vocab_size=size,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=40,
        max_position_embeddings=64,
    )
    model = BertModel(config).eval()
    _randomise(model)
    model.save_pretrained(folder)
    head = folder / "1_Dense"
    head.mkdir(exist_ok=True)
    save_file({"linear.weight": torch.randn(HEAD_DIM, 24) / 5}, head / "model.safetensors", metadata={"format": "pt"})
    dense = {
        "in_features": 24,
        "out_features": HEAD_DIM,
        "bias": False,
        "activation_function": "torch.nn.modules.linear.Identity",
    }
    (head / "config.json").write_text(json.dumps(dense, indent=2))
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Dense", "type": "pylate.models.Dense.Dense"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2))
    settings = {
        "query_length": 16,
        "document_length": 48,
        "query_prefix": "",
        "document_prefix": "",
        "skiplist_words": [],
    }
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings, indent=2))


def _randomise(model: PreTrainedModel) -> None:
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # Larger than at the start of a training, so that attention is far from uniform and an error in it shows.
            scale, shift = (0.2, 1.0) if name.endswith("LayerNorm.weight") else (0.35, 0.0)
            weight.copy_(shift + (1.0 if "relative" in name else scale) * torch.randn_like(weight))


def _write_mpnet_weights(folder: Path) -> None:
    config = MPNetConfig(
        vocab_size=len(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=40,
        max_position_embeddings=66,
        relative_attention_num_buckets=32,  # transformers computes 32, whatever is said here
        layer_norm_eps=1e-5,
    )
    model = MPNetModel(config).eval()
    _randomise(model)
    model.save_pretrained(folder)


def _write_expected(
    network: type[PreTrainedModel],
    folder: Path,
    target: Path,
    max_length: int,
    *,
    head: str = "1_Dense",
    lower_case: bool = False,
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = network.from_pretrained(folder).eval()
    texts = [text.lower() if lower_case else text for text in TEXTS]
    batch = tokenizer(texts, padding=True, truncation=True, max_length=max_length, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    expected = {"hidden": hidden.numpy()}
    if (folder / head).is_dir():
        projected = hidden @ load_file(folder / head / "model.safetensors")["linear.weight"].T
        expected["vectors"] = torch.nn.functional.normalize(projected, dim=-1).numpy()
    np.savez_compressed(
        target,
        texts=np.array(TEXTS),
        max_length=np.array(max_length),
        input_ids=batch["input_ids"].numpy().astype(np.int32),
        mask=batch["attention_mask"].numpy().astype(np.int32),
        **expected,
    )


def _write_t5_tokenizer(folder: Path) -> None:
    """Pieces with scores, as SentencePiece has them; texts end with </s> and have no other special token."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), ("\u2581", -3.0)]
    pieces += [(f"\u2581{word}", -2.0) for word in WORDS]
    pieces += [(character, -6.0) for character in string.ascii_lowercase + string.digits + string.punctuation]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, **names}, indent=2)
    )


def _write_t5_weights(folder: Path) -> None:
    """The layout of google/xtr-base-en: T5EncoderModel beside 2_Dense, and no modules.json."""
    config = T5Config(
        vocab_size=96,
        d_model=24,
        d_kv=6,
        d_ff=40,
        num_layers=2,
        num_heads=3,
        # few and short, so that a text of 48 tokens reaches the logarithmic buckets and the last one
        relative_attention_num_buckets=12,
        relative_attention_max_distance=20,
        feed_forward_proj="gated-gelu",
    )
    model = T5EncoderModel(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            scale, shift = (0.2, 1.0) if "layer_norm" in name else (0.35, 0.0)
            weight.copy_(shift + (1.0 if "relative" in name else scale) * torch.randn_like(weight))
    model.save_pretrained(folder)
    head = folder / "2_Dense"
    head.mkdir(exist_ok=True)
    torch.save({"linear.weight": torch.randn(HEAD_DIM, 24) / 5}, head / "pytorch_model.bin")
    identity = "torch.nn.modules.linear.Identity"
    dense = {"in_features": 24, "out_features": HEAD_DIM, "bias": False, "activation_function": identity}
    (head / "config.json").write_text(json.dumps(dense, indent=2))


if __name__ == "__main__":
    main()
