"""Expected grades are read at the grade's own token, however an answer is cut into tokens."""

import math
from typing import Any

import pytest

from xtr_pipeline.judge.expected_grade import expected_grades


def _token(text: str, *alternatives: tuple[str, float]) -> dict[str, Any]:
    tops = [{"token": token, "logprob": math.log(share)} for token, share in alternatives]
    return {"token": text, "logprob": math.log(alternatives[0][1]) if alternatives else 0.0, "top_logprobs": tops}


def test_the_mean_is_weighted_by_probability() -> None:
    tokens = [_token('{"grade": '), _token("4", ("4", 0.6), ("5", 0.3), ("3", 0.1)), _token("}")]
    assert expected_grades(tokens) == [pytest.approx(4.2)]


@pytest.mark.parametrize("cut", [['{"grade":', " 4", "}"], ['{"gra', 'de": ', "4", "}"], ['{"grade"', ":", "4", "}"]])
def test_tokens_may_be_cut_anywhere(cut: list[str]) -> None:
    tokens = [_token(text, (text, 0.5), (text.replace("4", "5"), 0.5)) if "4" in text else _token(text) for text in cut]
    assert expected_grades(tokens) == [4.5]


def test_every_grade_of_a_list_has_its_own_and_digits_elsewhere_count_for_nothing() -> None:
    tokens = [_token('{"unit": "A", "reason": "3 of 5", "grade": '), _token("5", ("5", 0.9), ("1", 0.1))]
    tokens += [_token(', "x": 2}, {"grade": '), _token("1", ("1", 1.0)), _token("}")]
    assert expected_grades(tokens) == [pytest.approx(4.6), 1.0]


def test_alternatives_that_are_no_grade_are_left_out() -> None:
    tokens = [_token('"grade": '), _token("2", ("2", 0.5), ("9", 0.3), ("two", 0.1), ("3", 0.1))]
    assert expected_grades(tokens) == [pytest.approx(13 / 6, abs=1e-3)]


def test_a_token_without_alternatives_is_certain_and_one_without_numbers_says_nothing() -> None:
    assert expected_grades([_token('"grade": '), {"token": "3", "logprob": -0.4}]) == [3.0]
    assert expected_grades([_token('"grade": '), {"token": "3", "logprob": None}]) == [None]
    assert expected_grades([_token("no grade at all")]) == []
