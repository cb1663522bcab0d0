"""A hard budget: what an exchange may cost at most is held back before it is sent, so that no answer can exceed it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from xtr_pipeline.judge.asking.settings import Limits
from xtr_pipeline.judge.prices import Price, Usage

# roles, separators and whatever a chat template adds to a request
_TEMPLATE_TOKENS = 512


class BudgetError(ValueError):
    """A limit that cannot be kept; the message says what is missing."""


def usage_bound(body: Mapping[str, Any], answer_tokens: int) -> Usage:
    """The most tokens that an exchange can take.

    No tokeniser makes more tokens than a text has UTF-8 bytes, and the answer is limited by the request.
    """
    form = json.dumps(body.get("response_format"), ensure_ascii=False)
    said = sum(len(message["role"]) + len(message["content"].encode()) for message in body["messages"])
    return Usage(said + len(form.encode()) + _TEMPLATE_TOKENS, answer_tokens)


class Budget:
    """Spent and held amounts of one run against its limits."""

    def __init__(self, limits: Limits, price: Price | None, spent: Usage | None = None) -> None:
        """`spent` is what an interrupted run has used up already.

        Raises:
            BudgetError: A limit in money without a price.
        """
        if limits.money is not None and price is None:
            raise BudgetError(
                "a budget in money needs the model's price: add a [[price]] table to data/judge.toml (0 for a model of "
                "your own), or give only a budget in tokens"
            )
        self.limits = limits
        self.price = price
        self.spent = spent or Usage()
        self._held = Usage()

    def hold(self, bound: Usage) -> bool:
        """Hold back what an exchange may take; False, and nothing is held, where that could exceed a limit."""
        if not self._fits(self.spent + self._held + bound):
            return False
        self._held += bound
        return True

    def settle(self, bound: Usage, used: Usage) -> None:
        """Replace what was held for an exchange by what it took."""
        self._held = Usage(
            self._held.prompt_tokens - bound.prompt_tokens, self._held.completion_tokens - bound.completion_tokens
        )
        self.spent += used

    @property
    def money(self) -> float | None:
        """Money spent; None without a price."""
        return None if self.price is None else self.price.of(self.spent)

    @property
    def holds_nothing(self) -> bool:
        """Whether no exchange is under way."""
        return self._held == Usage()

    def _fits(self, total: Usage) -> bool:
        if self.limits.tokens is not None and total.tokens > self.limits.tokens:
            return False
        return self.limits.money is None or self.price is None or self.price.of(total) <= self.limits.money
