"""The other side: the same model in PyTorch, from transformers, with its fused attention (SDPA)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.bench.workload import Workload
from xtr_pipeline.encoder.batching import plan_batches
from xtr_pipeline.encoder.checkpoint_reading import read_head
from xtr_pipeline.encoder.encoding import pad_batch
from xtr_pipeline.encoder.trunks import read_trunk_config
from xtr_pipeline.training.tiles import Tile

MASKED = -1e4


class TorchSide:
    """PyTorch with the same tiles as ours, which have less padding than a batch padded to its longest document."""

    def __init__(self, folder: Path, workload: Workload, *, token_budget: int) -> None:
        """`folder` is a checkpoint in Hugging Face layout.

        Args:
            folder: Checkpoint.
            workload: What to do.
            token_budget: Tokens of a batch when encoding; the best for this library.

        Raises:
            ImportError: The extra `torch` is not installed.
        """
        import torch
        from transformers import BertModel
        from transformers.utils import logging

        # the pooler's weights, which nobody uses, are reported as unexpected at every start
        logging.set_verbosity_error()
        logging.disable_progress_bar()

        self._torch, self._workload, self._token_budget = torch, workload, token_budget
        self._bert = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="sdpa").eval()
        head = read_head(folder, read_trunk_config(folder / "config.json"))
        self._head = None if head is None else torch.nn.Parameter(torch.tensor(head))
        parameters = [*self._bert.parameters(), *([] if self._head is None else [self._head])]
        self._parameters = parameters
        recipe = workload.recipe
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self._optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)
        self.name = f"PyTorch {torch.__version__}, CPU, {torch.get_num_threads()} threads, SDPA attention"

    def train_step(self, number: int) -> float:
        """Forward, loss, backward, clipping and AdamW."""
        workload, torch = self._workload, self._torch
        batch = workload.batches[number % len(workload.batches)]
        queries = [(self._vectors(tile.input_ids, tile.mask), self._counted(tile)) for tile in batch.queries]
        documents = [(self._vectors(tile.input_ids, tile.mask), self._counted(tile)) for tile in batch.documents]
        scores = torch.cat([torch.cat([self._maxsim(*q, *d) for d in documents], dim=1) for q in queries], dim=0)
        loss = self._objective(scores, torch.tensor(batch.grades))
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, workload.recipe.clip_norm)
        self._optimiser.step()
        return float(loss.item())

    def encode(self) -> NDArray[np.float32]:
        """Sorted by length and bucketed like ours, without a graph."""
        documents = self._workload.documents
        vectors = np.empty((len(documents.ids), self._dim), dtype=np.float32)
        with self._torch.inference_mode():
            for plan in plan_batches(documents.lengths, self._token_budget):
                outputs = self._vectors(*pad_batch(documents, plan)).numpy()
                for row, index in enumerate(plan.indices):
                    start, end = documents.offsets[index], documents.offsets[index + 1]
                    vectors[start:end] = outputs[row, : end - start]
        return vectors

    def gemm(self, size: int) -> None:
        """One product."""
        a = self._torch.ones((size, size))
        a @ a

    @property
    def _dim(self) -> int:
        return int(self._bert.config.hidden_size if self._head is None else self._head.shape[0])

    def _vectors(self, input_ids: NDArray[np.int32], mask: NDArray[np.int32]) -> Any:
        torch = self._torch
        hidden = self._bert(
            input_ids=torch.from_numpy(input_ids).long(), attention_mask=torch.from_numpy(mask)
        ).last_hidden_state
        projected = hidden if self._head is None else hidden @ self._head.T
        return torch.nn.functional.normalize(projected, dim=-1)

    def _counted(self, tile: Tile) -> Any:
        return self._torch.from_numpy(tile.counted)

    def _maxsim(self, queries: Any, query_mask: Any, documents: Any, document_mask: Any) -> Any:
        torch = self._torch
        dim = queries.shape[-1]
        similarity = (queries.reshape(-1, dim) @ documents.reshape(-1, dim).T).reshape(
            *queries.shape[:2], *documents.shape[:2]
        )
        best = similarity.masked_fill(document_mask == 0, MASKED).amax(dim=-1)
        present = (query_mask > 0).float()
        return (best * present[:, :, None]).sum(1) / torch.clamp(present.sum(1), min=1.0)[:, None]

    def _objective(self, scores: Any, grades: Any) -> Any:
        """The recipe's losses, as `training.losses` defines them."""
        torch, recipe = self._torch, self._workload.recipe
        positive, negative = grades >= recipe.positive_grade, (grades >= 0) & (grades <= recipe.negative_grade)
        logits = scores / recipe.temperature
        against = logits.masked_fill(~negative, MASKED / recipe.temperature).logsumexp(1, keepdim=True)
        each = torch.logaddexp(logits, against) - logits
        weight = positive.float() / torch.clamp(positive.sum(1, keepdim=True), min=1)
        loss = (
            recipe.contrastive_weight
            * (each.masked_fill(~positive, 0.0) * weight).sum()
            / max(1, int(positive.any(1).sum()))
        )
        if not recipe.listwise_weight:
            return loss
        judged = grades >= 1
        wanted = (grades - 1).float() / 4 * recipe.grade_spread / recipe.listwise_temperature
        target = wanted.masked_fill(~judged, MASKED).log_softmax(1)
        student = (scores / recipe.listwise_temperature).masked_fill(~judged, MASKED).log_softmax(1)
        divergence = (target.exp() * (target - student)).masked_fill(~judged, 0.0).sum(1)
        ordered = grades.masked_fill(~judged, 0).amax(1) > grades.masked_fill(~judged, 6).amin(1)
        listwise = divergence.masked_fill(~ordered, 0.0).sum() / max(1, int(ordered.sum()))
        return loss + recipe.listwise_weight * listwise
