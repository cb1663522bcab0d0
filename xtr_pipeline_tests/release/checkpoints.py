"""Folders that look like checkpoints, made by hand."""

import json
from pathlib import Path

from xtr_pipeline.evaluation.gate import Verdict

PASSED = Verdict(passed=True, reasons=(), numbers={"semantic R@10": 0.93})
REFUSED = Verdict(passed=False, reasons=("semantic R@10 is 0.800, needs > 0.900",))


def make_checkpoint(folder: Path, weights: str = "weights", *, dense: bool = True) -> Path:
    """A complete folder whose model is told apart by `weights`."""
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_text(weights)
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    if dense:
        modules.append({"idx": 1, "name": "1", "path": "1_Dense", "type": "pylate.models.Dense.Dense"})
        (folder / "1_Dense").mkdir()
        (folder / "1_Dense" / "config.json").write_text("{}")
        (folder / "1_Dense" / "model.safetensors").write_text(f"head of {weights}")
    (folder / "modules.json").write_text(json.dumps(modules))
    return folder
