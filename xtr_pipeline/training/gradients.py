"""The gradient of a batch: in one piece, or tile by tile with exactly the same result in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlx.utils import tree_map

from xtr_pipeline.encoder.compute import mx, nn, worker_streams
from xtr_pipeline.training.batches import Batch
from xtr_pipeline.training.objective import objective, score_matrix
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.tiles import Tile

Gradients = dict[str, Any]  # the model's tree of trainable parameters


@dataclass(frozen=True)
class LossValue:
    """Loss of a batch and its terms before weighting, as scalars that may still be lazy."""

    loss: mx.array
    terms: dict[str, mx.array]


def batch_arrays(batch: Batch) -> dict[str, Any]:
    """A batch as a tree of arrays, the form that compiled functions take.

    Returns:
        "queries" and "documents": list of tiles, each as ids, mask, counted; "grades".
    """
    return {
        "queries": [_tile_arrays(tile) for tile in batch.queries],
        "documents": [_tile_arrays(tile) for tile in batch.documents],
        "grades": mx.array(batch.grades),
    }


def whole_gradient(model: nn.Module, recipe: Recipe) -> Callable[[dict[str, Any]], tuple[LossValue, Gradients]]:
    """Loss and gradient of a batch in one backward pass.

    Tiles are spread over the worker streams: on a CPU a stream is one thread, and everything between the matrix
    products would leave the other cores idle.
    """
    streams = worker_streams()

    def loss_of(arrays: dict[str, Any]) -> tuple[mx.array, dict[str, mx.array]]:
        tiles = [*arrays["documents"], *arrays["queries"]]
        words = _looked_up(model, [ids for ids, _, _ in tiles])
        vectors = []
        for position, (ids, mask, _) in enumerate(tiles):
            with mx.stream(streams[position % len(streams)]):
                vectors.append(model(ids, mask, words[position]))
        documents = len(arrays["documents"])
        return _loss_of_vectors(vectors[documents:], vectors[:documents], arrays, recipe)

    with_gradient = nn.value_and_grad(model, loss_of)

    def gradient(arrays: dict[str, Any]) -> tuple[LossValue, Gradients]:
        (loss, terms), gradients = with_gradient(arrays)
        return LossValue(loss, terms), gradients

    return gradient


def _looked_up(model: nn.Module, tiles: list[mx.array]) -> list[mx.array]:
    """Word embeddings of all tiles, from one look-up.

    The gradient of a look-up is as large as the whole table (47 MB for MiniLM); with one for each of a dozen tiles the
    process grew to 2.3 GB instead of 1.9.
    """
    rows = model.trunk.embeddings.word(mx.concatenate([ids.reshape(-1) for ids in tiles]))
    found, start = [], 0
    for ids in tiles:
        found.append(rows[start : start + ids.size].reshape(*ids.shape, -1))
        start += ids.size
    return found


def tiled_gradient(model: nn.Module, recipe: Recipe) -> Callable[[dict[str, Any]], tuple[LossValue, Gradients]]:
    """Loss and gradient of a batch, one tile in memory at a time (GradCache, Gao et al. 2021, arXiv 2101.06983).

    In-batch negatives tie all documents together, so that averaging the gradients of small batches is not the gradient
    of the large one. Here all tiles are encoded without a graph, the loss gives the gradient of every token vector, and
    each tile is encoded once more to carry its share back to the weights: the large batch's gradient up to rounding,
    for one more forward pass.
    """

    def pulled(ids: mx.array, mask: mx.array, cotangent: mx.array) -> mx.array:
        total: mx.array = (model(ids, mask) * cotangent).sum()
        return total

    encode = mx.compile(model, inputs=[model.state])
    # the model is an output too: differentiating puts tracers into it, and compile would leave them there
    pull = mx.compile(nn.value_and_grad(model, pulled), inputs=[model.state], outputs=[model.state])

    def gradient(arrays: dict[str, Any]) -> tuple[LossValue, Gradients]:
        tiles = [*arrays["queries"], *arrays["documents"]]
        queries = len(arrays["queries"])
        vectors = []
        for ids, mask, _ in tiles:
            vectors.append(encode(ids, mask))
            mx.eval(vectors[-1])

        def loss_of(encoded: list[mx.array]) -> tuple[mx.array, dict[str, mx.array]]:
            return _loss_of_vectors(encoded[:queries], encoded[queries:], arrays, recipe)

        (loss, terms), cotangents = mx.value_and_grad(loss_of)(vectors)
        mx.eval(loss, terms, cotangents)
        _, total = pull(*tiles[0][:2], cotangents[0])
        for (ids, mask, _), cotangent in zip(tiles[1:], cotangents[1:], strict=True):
            total = tree_map(mx.add, total, pull(ids, mask, cotangent)[1])
            mx.eval(total)
        return LossValue(loss, terms), total

    return gradient


def _loss_of_vectors(
    queries: list[mx.array], documents: list[mx.array], arrays: dict[str, Any], recipe: Recipe
) -> tuple[mx.array, dict[str, mx.array]]:
    def with_counted(vectors: list[mx.array], side: str) -> list[tuple[mx.array, mx.array]]:
        return [(vector, tile[2]) for vector, tile in zip(vectors, arrays[side], strict=True)]

    scores = score_matrix(with_counted(queries, "queries"), with_counted(documents, "documents"), recipe)
    return objective(scores, arrays["grades"], recipe)


def _tile_arrays(tile: Tile) -> tuple[mx.array, mx.array, mx.array]:
    return mx.array(tile.input_ids), mx.array(tile.mask), mx.array(tile.counted)
