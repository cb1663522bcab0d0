"""An encoder that is ready to use: model, tokenizer and settings, from texts to token vectors."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from mlx.utils import tree_flatten
from numpy.typing import NDArray

from xtr_pipeline.encoder.code_text import split_code
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoding import OnTokens, Storage, encode_tokens
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder
from xtr_pipeline.encoder.settings import EncoderSettings
from xtr_pipeline.encoder.token_vectors import TokenVectors
from xtr_pipeline.encoder.token_weights import Weights, shares
from xtr_pipeline.encoder.tokenising import TextTokenizer, TokenIds
from xtr_pipeline.encoder.trunks import TrunkConfig


@dataclass(frozen=True)
class Carried:
    """What a checkpoint holds besides what we compute with; written back unchanged so that other libraries can load it.

    Attributes:
        config: The whole `config.json`.
        files: Tokenizer files beside `tokenizer.json`, by name.
        tensors: Weights without a use here (a pooler), by Hugging Face name.
    """

    config: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
    tensors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Encoder:
    """A multi-vector encoder with its tokenizer.

    Attributes:
        model: MultiVectorEncoder; (batch, tokens) ids and mask -> (batch, tokens, dim) unit vectors.
        tokenizer: TextTokenizer.
        settings: Lengths, dim and which tokens give vectors.
        config: Geometry of the encoder.
        carried: What a saved checkpoint needs besides.
        token_weights: (vocabulary,) how much each token of a query counts; None: all alike.
    """

    model: MultiVectorEncoder
    tokenizer: TextTokenizer
    settings: EncoderSettings
    config: TrunkConfig
    carried: Carried
    token_weights: Weights | None = None

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) of weights (of tokens too), settings, geometry and tokenizer.

        Computed anew each time (0.1 s for 90 MB), since training changes weights in place.
        """
        digest = hashlib.sha256()
        head = {"settings": asdict(self.settings), "config": asdict(self.config)}
        digest.update(json.dumps(head, sort_keys=True).encode())
        digest.update(self.tokenizer.definition.encode())
        for name, weight in sorted(self.weights().items()):
            digest.update(f"{name} {weight.dtype} {weight.shape}".encode())
            digest.update(np.ascontiguousarray(weight).data)
        if self.token_weights is not None:
            digest.update(np.ascontiguousarray(self.token_weights).data)
        return digest.hexdigest()

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The model's parameters as numpy arrays in C order (safetensors writes others wrong), by our names."""
        return {name: np.array(value, order="C") for name, value in tree_flatten(self.model.parameters())}

    def tokenise(self, texts: Sequence[str], max_length: int) -> TokenIds:
        """Ids of texts as this encoder reads them, each cut to `max_length` tokens."""
        return self.tokenizer.tokenise([self.shown(text) for text in texts], max_length)

    def shown(self, text: str) -> str:
        """A text as the tokenizer sees it; identifiers are put apart before their capitals go."""
        split = split_code(text) if self.settings.split_code else text
        return split.lower() if self.settings.lower_case else split

    def encode_queries(self, texts: Sequence[str], on_progress: OnTokens | None = None) -> list[NDArray[np.float32]]:
        """Token vectors of queries: one (q_tokens, dim) float32 array a query, in input order.

        With token weights, a vector is as long as its token counts, on average over a query 1; without, all have length
        1.
        """
        tokens = self.tokenise(texts, self.settings.query_length)
        dropped = self._dropped(skip_punctuation=False)
        encoded = encode_tokens(self.model, tokens, dropped, Storage(dtype=np.float32), on_progress)
        vectors = encoded.vectors.astype(np.float32, copy=False)
        if self.token_weights is not None:
            kept = ~np.isin(tokens.ids, sorted(dropped))
            vectors = vectors * shares(self.token_weights, tokens, kept)[kept, None]
        return [vectors[start:end] for start, end in itertools.pairwise(encoded.offsets)]

    def encode_documents(
        self,
        texts: Sequence[str],
        on_progress: OnTokens | None = None,
        into: Path | None = None,
    ) -> TokenVectors:
        """Token vectors of documents, in input order.

        Args:
            texts: Rendered units; each is cut to `settings.document_length` tokens.
            on_progress: Hears how far it is.
            into: Write the vectors to this .npy file and return a memory map of it, where they do not fit into memory
                (2 * dim bytes a token).

        Returns:
            TokenVectors with float16 vectors.
        """
        return encode_tokens(
            self.model,
            self.tokenise(texts, self.settings.document_length),
            self._dropped(skip_punctuation=self.settings.skip_punctuation),
            Storage(dtype=np.float16, into=into),
            on_progress,
        )

    def query_tokens(self, text: str) -> list[str]:
        """The token behind each vector that `encode_queries` gives for a text, as the vocabulary spells it."""
        return self._tokens(text, self.settings.query_length, self._dropped(skip_punctuation=False))

    def document_tokens(self, text: str) -> list[str]:
        """The token behind each vector that `encode_documents` gives for a text, as the vocabulary spells it."""
        dropped = self._dropped(skip_punctuation=self.settings.skip_punctuation)
        return self._tokens(text, self.settings.document_length, dropped)

    def copy(self) -> Encoder:
        """An independent encoder with the same weights, for training."""
        return self.with_weights(self.weights())

    def with_weights(self, weights: Mapping[str, NDArray[np.float32]]) -> Encoder:
        """The same encoder with other weights (by our names).

        Raises:
            ValueError: When a name is missing or unknown, or a shape does not fit.
        """
        return build_encoder(weights, self.tokenizer, self.settings, self.config, self.carried, self.token_weights)

    def with_head(self, weight: NDArray[np.float32]) -> Encoder:
        """The same encoder with a linear head, weight (dim, hidden), in place of the one that it has."""
        return self.with_weights({**self.weights(), "head.weight": np.asarray(weight, dtype=np.float32)})

    def with_token_weights(self, token_weights: Weights | None) -> Encoder:
        """The same encoder (weights shared) whose queries' tokens count otherwise."""
        return replace(self, token_weights=token_weights)

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.weights(), self.tokenizer, self.settings, self.config, self.carried, self.token_weights)
        return build_encoder, parts

    def _tokens(self, text: str, length: int, dropped: frozenset[int]) -> list[str]:
        ids = self.tokenise([text], length)[0]
        return self.tokenizer.tokens(ids[~np.isin(ids, sorted(dropped))])

    def _dropped(self, *, skip_punctuation: bool) -> frozenset[int]:
        special: frozenset[int] = frozenset() if self.settings.keep_special_tokens else self.tokenizer.special_ids()
        return special | (self.tokenizer.punctuation_ids() if skip_punctuation else frozenset())


def build_encoder(  # noqa: PLR0913, PLR0917 - the parts of an encoder
    weights: Mapping[str, NDArray[np.float32]],
    tokenizer: TextTokenizer,
    settings: EncoderSettings,
    config: TrunkConfig,
    carried: Carried,
    token_weights: Weights | None = None,
) -> Encoder:
    """An encoder from its weights.

    Args:
        weights: By our names; "head.weight" (dim, hidden) makes a head.
        tokenizer: The tokenizer that belongs to them.
        settings: Lengths and kept tokens; the dim is taken from the weights.
        config: Geometry.
        carried: What a saved checkpoint needs besides.
        token_weights: How much each token of a query counts; None for all alike.

    Raises:
        ValueError: When a name is missing or unknown, or a shape does not fit the geometry.
    """
    head = weights.get("head.weight")
    model = MultiVectorEncoder(config, None if head is None else int(head.shape[0]))
    model.load_weights([(name, mx.array(value)) for name, value in weights.items()], strict=True)
    mx.eval(model.parameters())
    return Encoder(model, tokenizer, replace(settings, dim=model.dim), config, carried, token_weights)
