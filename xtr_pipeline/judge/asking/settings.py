"""Which judge is asked, at what price, and how much may be spent: `data/judge.toml`.

[endpoint]
base_url = "http://127.0.0.1:8080/v1"
model = "qwen3-coder"
api_key_env = "JUDGE_API_KEY"

[budget]
tokens = 20_000_000
money = 10.0

[[price]]
model = "qwen3-coder"
prompt = 0.20
completion = 0.60
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from xtr_pipeline.judge.chat_body import STRUCTURED, ChatSettings
from xtr_pipeline.judge.prices import Price


class JudgeSettingsError(ValueError):
    """The settings cannot be used; the message names the file and everything wrong in it."""


@dataclass(frozen=True)
class Endpoint:
    """One server that speaks OpenAI's chat completions.

    Attributes:
        base_url: Its address, up to and with `/v1`.
        chat: What is asked of the model.
        name: The judge's name in the ledger; empty: the model's.
        api_key_env: Environment variable that holds the key; the key is never read from anywhere else.
        in_flight: Requests under way at once.
        timeout_s: Seconds to wait for one answer.
        attempts: How often one request is sent before its turn is given up; a refusal for the rate is no attempt.
        longest_wait_s: Longest pause between two attempts.
        corrections: How often a malformed answer is asked again, with what was wrong with it.
    """

    base_url: str = "https://api.openai.com/v1"
    chat: ChatSettings = field(default_factory=ChatSettings)
    name: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    in_flight: int = 16
    timeout_s: float = 120.0
    attempts: int = 6
    longest_wait_s: float = 60.0
    corrections: int = 2

    @property
    def judge(self) -> str:
        """The judge's name in the ledger."""
        return self.name or self.chat.model


@dataclass(frozen=True)
class Limits:
    """What one run may spend at most; None is no limit."""

    tokens: int | None = None
    money: float | None = None


@dataclass(frozen=True)
class JudgeSettings:
    """The whole file: the endpoint, the limits, prices by model, and whether the graph itself may ask."""

    endpoint: Endpoint = field(default_factory=Endpoint)
    limits: Limits = field(default_factory=Limits)
    prices: Mapping[str, Price] = field(default_factory=dict)
    ask_in_graph: bool = False

    def price_of(self, model: str) -> Price | None:
        """The price of a model; None where the table has none."""
        return self.prices.get(model)


def load_judge_settings(path: Path) -> JudgeSettings:
    """Read the file; where there is none, the defaults, which have no price and ask nothing by themselves.

    Raises:
        JudgeSettingsError: With everything that is wrong.
    """
    if not path.exists():
        return JudgeSettings()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise JudgeSettingsError(f"{path}: {error}") from error
    known = ("endpoint", "budget", "price", "graph")
    problems = [f"unknown table or key {name!r}" for name in found if name not in known]
    settings = JudgeSettings(
        endpoint=_endpoint(found.get("endpoint", {}), problems),
        limits=_made(Limits, found.get("budget", {}), "budget", problems),
        prices=_prices(found.get("price", []), problems),
        ask_in_graph=_flag(found.get("graph", {}), problems),
    )
    problems += endpoint_problems(settings.endpoint)
    problems += [
        f"budget.{name} is {value!r}, expected an amount of at least 0"
        for name, value in dataclasses.asdict(settings.limits).items()
        if value is not None and not _is_amount(value)
    ]
    if problems:
        raise JudgeSettingsError("\n".join([f"{path}:", *problems]))
    return settings


def endpoint_problems(endpoint: Endpoint) -> list[str]:
    """Everything by which an endpoint cannot be asked."""
    problems = []
    address = urlsplit(str(endpoint.base_url))
    if address.scheme not in ("http", "https") or not address.netloc or address.username or address.query:
        problems.append(
            f"endpoint.base_url is {endpoint.base_url!r}, expected http(s)://host/v1 without a key, user or query in it"
        )
    wanted = {
        "in_flight": (_is_count(endpoint.in_flight, 1), "a whole number from 1"),
        "attempts": (_is_count(endpoint.attempts, 1), "a whole number from 1"),
        "corrections": (_is_count(endpoint.corrections, 0), "a whole number from 0"),
        "timeout_s": (_is_amount(endpoint.timeout_s), "a number of seconds"),
        "longest_wait_s": (_is_amount(endpoint.longest_wait_s), "a number of seconds"),
    }
    problems += [
        f"endpoint.{name} is {getattr(endpoint, name)!r}, expected {what}"
        for name, (good, what) in wanted.items()
        if not good
    ]
    chat = endpoint.chat
    if chat.structured not in STRUCTURED:
        problems.append(f"endpoint.structured is {chat.structured!r}, expected one of {', '.join(STRUCTURED)}")
    if not _is_count(chat.answer_tokens, 100):
        problems.append(f"endpoint.answer_tokens is {chat.answer_tokens!r}, expected a whole number from 100")
    if not isinstance(chat.model, str) or not chat.model:
        problems.append(f"endpoint.model is {chat.model!r}, expected a model's name")
    return problems


def _endpoint(table: Any, problems: list[str]) -> Endpoint:
    if not isinstance(table, dict):
        problems.append("[endpoint] is no table")
        return Endpoint()
    of_chat = {each.name for each in dataclasses.fields(ChatSettings)}
    chat = _made(ChatSettings, {name: value for name, value in table.items() if name in of_chat}, "endpoint", problems)
    rest = {name: value for name, value in table.items() if name not in of_chat}
    endpoint: Endpoint = _made(Endpoint, rest, "endpoint", problems)
    return dataclasses.replace(endpoint, chat=chat)


def _prices(tables: Any, problems: list[str]) -> dict[str, Price]:
    prices: dict[str, Price] = {}
    for number, table in enumerate(tables if isinstance(tables, list) else [tables], start=1):
        model = table.get("model") if isinstance(table, dict) else None
        if not isinstance(model, str) or not model:
            problems.append(f"price {number} names no model")
            continue
        if model in prices:
            problems.append(f"{model} has two prices")
        amounts = {name: value for name, value in table.items() if name != "model"}
        wrong = [name for name, value in amounts.items() if not _is_amount(value)]
        missing = [name for name in ("prompt", "completion") if name not in amounts]
        if wrong or missing:
            problems.append(f"price of {model}: {', '.join([*wrong, *missing])} must be an amount for a million tokens")
            continue
        prices[model] = _made(Price, amounts, f"price of {model}", problems)
    return prices


def _flag(table: Any, problems: list[str]) -> bool:
    if not isinstance(table, dict) or set(table) - {"ask"} or not isinstance(table.get("ask", False), bool):
        problems.append("[graph] may only hold `ask = true` or `ask = false`")
        return False
    return bool(table.get("ask", False))


def _made(kind: Any, table: Any, name: str, problems: list[str]) -> Any:
    """An instance of a settings class from a table; unknown keys are problems."""
    known = {each.name for each in dataclasses.fields(kind)} - {"chat"}
    if not isinstance(table, dict):
        problems.append(f"[{name}] is no table")
        table = {}
    problems += [
        f"{name}.{key} is not known; known are {', '.join(sorted(known))}" for key in table if key not in known
    ]
    given = {key: value for key, value in table.items() if key in known}
    try:
        return kind(**given)
    except TypeError as error:
        problems.append(f"{name}: {error}")
        return kind(prompt=0.0, completion=0.0) if kind is Price else kind()


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
