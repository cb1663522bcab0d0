"""The expected grade of each unit from the log-probabilities of a judge's answer.

Liu et al., G-Eval (2023), section 3: the mean over the grades a judge might have given, weighted by their probability,
separates candidates better than the one that it happened to write.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from xtr_pipeline.judge.records import GRADES

_GRADE = re.compile(r'"grade"\s*:\s*(?=[1-5])')


def expected_grades(tokens: Sequence[Mapping[str, Any]]) -> list[float | None]:
    """The expected grade (1 to 5) at every `"grade": N` of an answer, in order.

    Args:
        tokens: The answer token by token, as in `choices[0].logprobs.content`: token, logprob, top_logprobs.

    Returns:
        One number for each grade, None where the alternatives do not show a single grade; probabilities of tokens that
        are no grade are left out, and the others add up to 1.
    """
    text = ""
    begins = []
    for token in tokens:
        begins.append(len(text))
        text += str(token.get("token", ""))
    return [_expected(tokens, begins, match.end()) for match in _GRADE.finditer(text)]


def _expected(tokens: Sequence[Mapping[str, Any]], begins: Sequence[int], place: int) -> float | None:
    """The expectation at the token that holds the digit at `place` of the text."""
    index = max(number for number, begin in enumerate(begins) if begin <= place)
    token = tokens[index]
    weights: dict[int, float] = {}
    for choice in [*(token.get("top_logprobs") or []), token]:
        digit, logprob = str(choice.get("token", "")).strip(), choice.get("logprob")
        # the written token counts once, also where the alternatives list it
        if digit.isdigit() and int(digit) in GRADES and isinstance(logprob, int | float) and math.isfinite(logprob):
            weights.setdefault(int(digit), math.exp(min(float(logprob), 0.0)))
    total = sum(weights.values())
    return round(sum(grade * weight for grade, weight in weights.items()) / total, 3) if total > 0 else None
