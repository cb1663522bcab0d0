"""One exchange with a judge's server through the `openai` package, and what each kind of failure means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
)

from xtr_pipeline.judge.asking.settings import Endpoint
from xtr_pipeline.judge.chat_body import STRUCTURED, ChatSettings, Message, chat_body, form_of
from xtr_pipeline.judge.requests import Request

_BUSY = (408, 409, 425, 429)
_OVERLOADED = (429, 503, 529)


class EndpointError(RuntimeError):
    """The endpoint cannot be used at all: a wrong address, key or model. The message names the cure."""


@dataclass(frozen=True)
class Reply:
    """A chat completion as it came: a JSON object with an `id`, `choices` and mostly `usage`."""

    body: Mapping[str, Any]


@dataclass(frozen=True)
class TryAgain:
    """No answer, and another attempt may bring one.

    Attributes:
        reason: For a person.
        headers: The response's, which may ask for a wait; empty without a response.
        paused: The server refused for the rate or the load: everybody waits, and it was no attempt.
        perhaps_paid: The request was sent and the answer lost on the way, so that it may have been paid for.
    """

    reason: str
    headers: Mapping[str, str]
    paused: bool
    perhaps_paid: bool


@dataclass(frozen=True)
class Rejected:
    """The server understood the request and will never answer it (too long, for instance): status and reason."""

    status: int
    reason: str


class JudgeClient:
    """A connection to one endpoint. The key lives in here and nowhere else."""

    def __init__(self, endpoint: Endpoint, api_key: str | None) -> None:
        """`api_key` may be None for a server that wants none."""
        self.endpoint = endpoint
        self.chat: ChatSettings = endpoint.chat
        self._key = api_key
        # attempts are ours to make, since each must be held against the budget
        self._client = AsyncOpenAI(
            api_key=api_key or "none", base_url=endpoint.base_url, timeout=endpoint.timeout_s, max_retries=0
        )

    async def __aenter__(self) -> JudgeClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._client.close()

    def body(self, request: Request, messages: Sequence[Message]) -> dict[str, Any]:
        """The body that `ask` sends."""
        return chat_body(request, messages, self.chat)

    async def ask(self, body: Mapping[str, Any]) -> Reply | TryAgain | Rejected:
        """Send one body.

        Raises:
            EndpointError: Wrong key, address or model.
        """
        try:
            # the rest goes as it is: the client's walk through the answer's schema takes a third of its time
            rest = {name: value for name, value in body.items() if name not in ("model", "messages")}
            response = await self._client.chat.completions.with_raw_response.create(
                model=body["model"], messages=body["messages"], extra_body=rest
            )
            found = json.loads(response.http_response.content)
        except (AuthenticationError, PermissionDeniedError, NotFoundError) as error:
            raise EndpointError(self._cure(error)) from None
        except APIStatusError as error:
            return self._refused(error, body)
        except APITimeoutError:
            return TryAgain(f"no answer within {self.endpoint.timeout_s:g} s", {}, paused=False, perhaps_paid=True)
        except APIConnectionError as error:
            # a connection that was never made cannot have been paid for
            never_sent = "connect" in type(error.__cause__).__name__.lower()
            reason = self._without_key(f"connection: {error.__cause__ or error}")
            return TryAgain(reason, {}, paused=False, perhaps_paid=not never_sent)
        except (APIError, ValueError) as error:
            reason = self._without_key(f"the answer is no chat completion: {error}")
            return TryAgain(reason, {}, paused=False, perhaps_paid=True)
        if not isinstance(found, dict) or not isinstance(found.get("choices"), list) or not found["choices"]:
            return TryAgain("the answer is no chat completion: no choices", {}, paused=False, perhaps_paid=True)
        return Reply(found)

    def _refused(self, error: APIStatusError, body: Mapping[str, Any]) -> TryAgain | Rejected:
        status, headers = error.status_code, dict(error.response.headers)
        reason = self._without_key(f"status {status}: {_text(error)}")
        # some servers answer 500 to a field that they do not know
        if status not in _BUSY and self._stepped_down(_text(error), body):
            return TryAgain(reason, {}, paused=False, perhaps_paid=False)
        if status in _BUSY or status >= 500:
            return TryAgain(reason, headers, paused=status in _OVERLOADED, perhaps_paid=False)
        return Rejected(status, reason)

    def _stepped_down(self, text: str, body: Mapping[str, Any]) -> bool:
        """Leave out what this server does not know, for the rest of the run; whether the next attempt differs."""
        text = text.lower()
        if "logprobs" in text and "logprobs" in body:
            self.chat = replace(self.chat, logprobs=False)
            return True
        if "response_format" in body and ("response_format" in text or "json_schema" in text):
            # requests in flight may all be refused for the same form: only the one that is still in use is given up
            if (form := form_of(body)) == self.chat.structured:
                self.chat = replace(self.chat, structured=STRUCTURED[STRUCTURED.index(form) + 1])
            return True
        return False

    def _cure(self, error: APIStatusError) -> str:
        endpoint, status = self.endpoint, error.status_code
        cure = (
            f"is there a model {self.chat.model!r} at {endpoint.base_url}? (endpoint.model and endpoint.base_url)"
            if status == 404
            else f"does the environment variable {endpoint.api_key_env} hold a valid key for {endpoint.base_url}?"
        )
        return self._without_key(f"status {status} from {endpoint.base_url}: {_text(error)}; {cure}")

    def _without_key(self, text: str) -> str:
        """Servers like to repeat the key that they refuse."""
        return text.replace(self._key, "[API key]") if self._key else text


def _text(error: APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or error.message)[:500]
