"""Texts to token ids with the tokenizer that a checkpoint ships, in bounded memory."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

# An Encoding of the tokenizers library takes some 20 kB for 256 tokens: it is turned into ids a chunk at a time.
TEXTS_PER_CHUNK = 1024


@dataclass(frozen=True)
class TokenIds:
    """Ids of many texts, one after the other.

    Attributes:
        ids: (total_tokens,) int32.
        offsets: (texts + 1,) int64; text i is ids[offsets[i]:offsets[i + 1]].
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(texts,) tokens of each text."""
        return np.diff(self.offsets)


class TextTokenizer:
    """Cuts texts to a number of tokens, special tokens included, as the checkpoint's tokenizer does."""

    def __init__(self, definition: str) -> None:
        """Build from the text of a `tokenizer.json`."""
        self.definition = definition
        self._tokenizer = Tokenizer.from_str(definition)
        self._tokenizer.no_padding()
        self._special = frozenset(
            token_id for token_id, token in self._tokenizer.get_added_tokens_decoder().items() if token.special
        )

    def tokenise(self, texts: Sequence[str], max_length: int) -> TokenIds:
        """Ids of texts, each cut to `max_length` tokens with its closing special token kept.

        Raises:
            ValueError: When `max_length` leaves no room for a token besides the special ones.
        """
        room = max_length - self._tokenizer.num_special_tokens_to_add(is_pair=False)
        if room < 1:
            least = max_length - room + 1
            raise ValueError(f"{max_length} tokens leave no room beside the special ones; use at least {least}")
        self._tokenizer.enable_truncation(max_length)
        chunks = [ids for chunk in _chunks(texts, TEXTS_PER_CHUNK) for ids in self._ids(chunk)]
        lengths = np.fromiter((len(ids) for ids in chunks), dtype=np.int64, count=len(chunks))
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        flat = np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.int32)
        return TokenIds(ids=flat, offsets=offsets)

    def tokens(self, ids: NDArray[np.int32]) -> list[str]:
        """The tokens of ids as the vocabulary spells them, e.g. `##ing`."""
        return [str(self._tokenizer.id_to_token(int(token_id))) for token_id in ids]

    def special_ids(self) -> frozenset[int]:
        """Ids of [CLS], [SEP], </s> and the other special tokens, [UNK] left out: it stands for a word."""
        return self._special - {self._tokenizer.token_to_id(unknown) for unknown in ("[UNK]", "<unk>")}

    def punctuation_ids(self) -> frozenset[int]:
        """Ids of the tokens that are one ASCII punctuation mark."""
        found = (self._tokenizer.token_to_id(mark) for mark in string.punctuation)
        return frozenset(token_id for token_id in found if token_id is not None)

    def vocabulary_size(self) -> int:
        """Number of ids, added tokens included."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def __getstate__(self) -> str:
        return self.definition

    def __setstate__(self, definition: str) -> None:
        self.__init__(definition)  # type: ignore[misc]

    def _ids(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=True):
            yield np.asarray(encoding.ids, dtype=np.int32)


def _chunks(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
