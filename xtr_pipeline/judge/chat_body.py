"""The body of one chat completion request; the same for an offline batch and for a request over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from xtr_pipeline.judge.requests import Request

Structured = Literal["json_schema", "json_object_schema", "json_object", "none"]
# strictest first; json_object_schema is llama-cpp-python's way of writing json_schema
STRUCTURED: tuple[Structured, ...] = ("json_schema", "json_object_schema", "json_object", "none")
TOP_LOGPROBS = 8

Message = Mapping[str, str]


@dataclass(frozen=True)
class ChatSettings:
    """How a judge is addressed. Grading wants no chance at all, query writing wants variety.

    Attributes:
        model: Name of the model at the endpoint.
        grading_temperature, writing_temperature: Sampling temperatures of the two tasks.
        structured: How the answer's form is asked for; servers differ in what they can hold a model to.
        logprobs: Ask for the log-probabilities of a grade's alternatives, which give the expected grade.
        answer_tokens: Most tokens that an answer may have; also what the budget holds back for one.
        limit_field: Name of that limit in the body; newer hosted models want `max_completion_tokens`.
    """

    model: str = "gpt-4.1-mini"
    grading_temperature: float = 0.0
    writing_temperature: float = 0.8
    structured: Structured = "json_schema"
    logprobs: bool = True
    answer_tokens: int = 2_000
    limit_field: str = "max_tokens"


def opening(request: Request) -> list[Message]:
    """The messages that ask the question."""
    return [{"role": "system", "content": request.system}, {"role": "user", "content": request.user}]


def chat_body(request: Request, messages: Sequence[Message], settings: ChatSettings) -> dict[str, Any]:
    """One request body; `messages` is `opening(request)`, or that with a refused answer and what was wrong with it."""
    grading = request.task == "grades"
    body: dict[str, Any] = {
        "model": settings.model,
        "temperature": settings.grading_temperature if grading else settings.writing_temperature,
        settings.limit_field: settings.answer_tokens,
        "messages": list(messages),
    }
    if settings.structured == "json_schema":
        schema = {"name": request.task, "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif settings.structured == "json_object_schema":
        body["response_format"] = {"type": "json_object", "schema": request.schema}
    elif settings.structured == "json_object":
        body["response_format"] = {"type": "json_object"}
    if grading and settings.logprobs:
        body |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    return body


def form_of(body: Mapping[str, Any]) -> Structured:
    """How a body asks for the answer's form."""
    form = body.get("response_format")
    if form is None:
        return "none"
    if form["type"] == "json_schema":
        return "json_schema"
    return "json_object_schema" if "schema" in form else "json_object"
