"""The first sentence or sentences of a docstring, as a person would say them: markup, references and sections go."""

from __future__ import annotations

import re

MIN_WORDS = 4
MAX_WORDS = 40
ENOUGH_WORDS = 9
"""A first sentence this long stands alone; a shorter one takes the next along if both fit."""

_SECTION = re.compile(
    r"^\s*(?:[:@\\](?!code|link)\w+|(?:args|arguments|parameters?|params|returns?|raises?|yields?|examples?|usages?|notes?|"
    r"attributes|see also|references|warnings?|safety|panics|errors|todo|fixme|xxx|hack|inputs?|outputs?)\s*:?\s*$"
    r"|(?:args|arguments|parameters?|params|returns?|raises?|yields?|example|usage|note|todo|fixme|xxx)\s*:\s"
    r"|#+\s|>>>|\.\.\s|```|~~~|\||={3,}|-{3,})",
    re.IGNORECASE,
)
_MARKUP: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\{@\w+\s+([^}]*)\}"), r"\1"),
    (re.compile(r":[\w:+-]+:`~?!?\.?([^`<]*?)(?:\s*<[^>]*>)?`"), r"\1"),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\[([^\]]*)\]\[[^\]]*\]"), r"\1"),
    (re.compile(r"</?(?:p|b|i|em|strong|code|tt|a|br|ul|li|ol|pre|see|summary|para|c)\b[^>]*>", re.IGNORECASE), " "),
    (re.compile(r"https?://\S+"), ""),
    (re.compile(r"[@\\](?:brief|short|c|p|a|e|em|b|code|endcode)\b"), ""),
    (re.compile(r"`+"), ""),
    (re.compile(r"\*\*([^*]+)\*\*"), r"\1"),
    (re.compile(r"(?<!\w)[*_]([^*_\s][^*_]*)[*_](?!\w)"), r"\1"),
    (re.compile(r"\[([\w:.()]+)\]"), r"\1"),
    (re.compile(r"&(?:lt|gt|amp|nbsp|quot);"), " "),
    (re.compile(r"\s+"), " "),
)
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)(?<!\bcf)[.!?](?=\s+[A-Z\"'(]|\s*$)")
_BRIEF = re.compile(r"^\s*[@\\](?:brief|short)\s+")


def first_sentences(docstring: str) -> str | None:
    """Gives the first sentence (with the second, if the first is short) of a docstring in MIN_WORDS to MAX_WORDS words.

    Returns:
        Plain text on one line, or None if the docstring begins with no such sentence: a parameter list, a code block,
        a heading, a few words, or a first sentence that goes on and on.
    """
    paragraph = _first_paragraph(docstring)
    for pattern, replacement in _MARKUP:
        paragraph = pattern.sub(replacement, paragraph)
    sentences = _sentences(paragraph.strip())
    chosen: list[str] = []
    for sentence in sentences[:3]:
        words = len(" ".join([*chosen, sentence]).split())
        if words > MAX_WORDS:
            break
        chosen.append(sentence)
        if words >= ENOUGH_WORDS:
            break
    text = re.sub(r"\s*:+$", "", " ".join(chosen))
    return text if MIN_WORDS <= len(text.split()) <= MAX_WORDS else None


def _first_paragraph(docstring: str) -> str:
    """The lines up to the first blank line, section or code block, joined."""
    lines: list[str] = []
    for line in docstring.strip().split("\n"):
        text = _BRIEF.sub("", line)
        if not text.strip() or _SECTION.match(text):
            break
        lines.append(text.strip())
    return " ".join(lines)


def _sentences(text: str) -> list[str]:
    """Splits at full stops that a capital letter or the end follows."""
    sentences = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        sentences.append(text[start : match.end()].strip())
        start = match.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences
