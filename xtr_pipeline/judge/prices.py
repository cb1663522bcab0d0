"""What an answer costs: tokens by the price of a million of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Tokens of one or more exchanges."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)


@dataclass(frozen=True)
class Price:
    """Money for a million tokens, in one currency; `batch_share` is what an offline batch costs of it (0 to 1)."""

    prompt: float
    completion: float
    batch_share: float = 1.0

    def of(self, usage: Usage, *, batch: bool = False) -> float:
        """The price of these tokens."""
        money = (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / 1_000_000
        return money * self.batch_share if batch else money


def usage_of(body: Mapping[str, Any]) -> Usage | None:
    """The usage that a chat completion reports; None when it reports none, or something that is no count."""
    found = body.get("usage")
    if not isinstance(found, Mapping):
        return None
    counts = [found.get(name) for name in ("prompt_tokens", "completion_tokens")]
    if not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts):
        return None
    return Usage(*counts)  # type: ignore[arg-type]
