"""Secrets out of every text before it leaves the machine: each replaced by a marker that names its type.

Detection is detect-secrets' (token shapes, secret-sounding assignments, high-entropy string literals) plus whole
PEM blocks.
Its filters and its "allowlist" comments are not used: the code is not ours, so it does not decide what is harmless.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from detect_secrets.plugins.high_entropy_strings import (
    Base64HighEntropyString,
    HexHighEntropyString,
    HighEntropyStringsPlugin,
)
from detect_secrets.plugins.keyword import KeywordDetector

MINIMUM_LENGTH = 6
BASE64_ENTROPY_LIMIT = 4.5
HEX_ENTROPY_LIMIT = 3.0

# an address is no secret, and a key's header line alone is covered by the block below
_LEFT_OUT = frozenset({"Public IP (ipv4)", "Private Key"})
# a header only counts with key material behind it: code that reads keys names the header and holds no key
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----)[\s\S]){0,400}?[A-Za-z0-9+/=]{32,}(?:[\s\"'\\nr+,;()]*[A-Za-z0-9+/=]{4,})*"
    r"(?:[\s\"'\\nr+,;()]*-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----)?"
)
_ALPHABETS = (string.ascii_letters, string.digits, string.ascii_uppercase + string.ascii_lowercase)


@dataclass(frozen=True)
class Redacted:
    """A text without its secrets, and how many of each type were taken out."""

    text: str
    found: dict[str, int]


def redact(text: str) -> Redacted:
    """Replace every secret found in `text` by `[REDACTED <type>]`; a text without secrets comes back unchanged."""
    found: Counter[str] = Counter()

    def replace_block(_: re.Match[str]) -> str:
        found["Private Key"] += 1
        return "[REDACTED Private Key]"

    without_keys = _PRIVATE_KEY.sub(replace_block, text)
    lines = [_redact_line(line, found) for line in without_keys.split("\n")]
    return Redacted("\n".join(lines), dict(sorted(found.items())))


def _redact_line(line: str, found: Counter[str]) -> str:
    secrets = sorted({*_secrets_in(line)}, key=lambda secret: (-len(secret[0]), secret))
    for value, kind in secrets:
        if value in line:
            found[kind] += 1
            line = line.replace(value, f"[REDACTED {kind}]")
    return line


def _secrets_in(line: str) -> Iterator[tuple[str, str]]:
    """Secret values of one line with their type."""
    if len(line) < MINIMUM_LENGTH:
        return
    shaped, keyword, literals = _detectors()
    for detector in shaped:
        for pattern in detector.denylist:
            for match in pattern.finditer(line):
                yield match.group(0), detector.secret_type
    for value in keyword.analyze_string(line):
        if value and len(value) >= MINIMUM_LENGTH:
            yield value, keyword.secret_type
    for literal in literals:
        for secret in literal.analyze_line(filename="", line=line):
            found = secret.secret_value
            if found and len(found) >= MINIMUM_LENGTH and not _is_alphabet(found):
                yield found, literal.secret_type


def _is_alphabet(value: str) -> bool:
    """Whether the literal is a table of characters, the one high-entropy text that code is full of."""
    return any(alphabet in value for alphabet in _ALPHABETS) or value.lower() in string.ascii_lowercase


@lru_cache(maxsize=1)
def _detectors() -> tuple[list[RegexBasedDetector], KeywordDetector, Sequence[HighEntropyStringsPlugin]]:
    plugins: Mapping[str, type[BasePlugin]] = get_mapping_from_secret_type_to_class()
    shaped = [
        plugin()
        for kind, plugin in sorted(plugins.items())
        if kind not in _LEFT_OUT and issubclass(plugin, RegexBasedDetector)
    ]
    literals = [Base64HighEntropyString(limit=BASE64_ENTROPY_LIMIT), HexHighEntropyString(limit=HEX_ENTROPY_LIMIT)]
    return shaped, KeywordDetector(), literals
