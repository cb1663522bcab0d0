"""What another library has to do so that a promoted folder gives the vectors that it gives here."""

from xtr_pipeline.corpus.identifiers import HUMP
from xtr_pipeline.encoder.code_text import GRAMMAR
from xtr_pipeline.encoder.settings import EncoderSettings
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.salience import LEAST_SPREAD

_TOKEN_WEIGHTS = """\
**A query's tokens do not count alike**: a score is the mean over them weighted by `token_weights.safetensors`
(`weight`, one number for each token id). No other library reads that file; scale each query vector by its token's
weight divided by the mean weight of the query's tokens. MaxSim then gives the document's own score but for salience
(above)."""


def use_elsewhere(settings: EncoderSettings, *, token_weights: bool = False) -> str:
    """The section's markdown: preprocessing, document text, lengths, which tokens give vectors, and their weights."""
    weights = [_TOKEN_WEIGHTS] if token_weights else []
    return "\n\n".join([_preprocessing(settings), _rest(settings), *weights])


def preprocessing_snippet() -> str:
    """Python source of a module with `split_code`, equal to the encoder's; needs the standard library only.

    The patterns are those that the encoder compiled, so that the two cannot differ.
    """
    return "\n".join(
        (
            "import re",
            "",
            f"HUMP = re.compile({HUMP.pattern!r})",
            f"GRAMMAR = re.compile({GRAMMAR.pattern!r})",
            "",
            "",
            "def split_code(text: str) -> str:",
            '    return GRAMMAR.sub(" ", HUMP.sub(" ", text))',
        )
    )


def _preprocessing(settings: EncoderSettings) -> str:
    if not settings.split_code:
        how = "in lower case" if settings.lower_case else "as they are"
        return f"Texts go to the tokenizer {how} (`split_code` is off in `config_sentence_transformers.json`)."
    lowered = " and are then put into lower case (`str.lower`)" if settings.lower_case else ""
    return (
        "This folder loads with transformers, but **the weights alone do not give the vectors that were measured**: "
        f"queries and documents go through `split_code`{lowered} before the tokenizer. The key `split_code` in "
        "`config_sentence_transformers.json` is our own, so that no other library does this for you:\n\n"
        f"```python\n{preprocessing_snippet()}\n```"
    )


def _rest(settings: EncoderSettings) -> str:
    vectors = "every token but padding" if settings.keep_special_tokens else "every token but padding, [CLS] and [SEP]"
    if settings.skip_punctuation:
        vectors += ", and in documents but single ASCII punctuation marks,"
    weights = ScoreWeights()
    points = (
        "A document is a unit's path, its symbol where neither path nor body names it, its docstring, and its body "
        "without common indentation, each beginning a line of its own.",
        "A query token's weight is multiplied by its salience in the searched repository: by how many standard "
        "deviations its best cosine with any unit lies above the mean of its best cosines with each unit (a deviation "
        f"counts as {LEAST_SPREAD:g} at least). Then all weights of the query are scaled back to their former mean; "
        "where no token's best match stands out, all stay as they were.",
        f"A unit's score is its own and {weights.outline:g} times that of its file's outline: the path and, a line "
        "each, every symbol of the file with the first line of its documentation.",
        f"A file's score is {1 - weights.second:g} times that of its best unit and {weights.second:g} times that of "
        f"its second best, less {weights.size:g} times the natural logarithm of how many units it has, and less "
        f"{weights.tests:g} where the file is a test by its name or folders and the query does not speak of tests "
        "(`retrieval/code_of_tests.py` has the rules).",
        f"Queries are cut at {settings.query_length} tokens and documents at {settings.document_length}, special "
        "tokens included. `max_seq_length` is the larger of the two: cut queries yourself.",
        f"There is no query or document prefix and no query expansion; {vectors} gives a vector of length 1 (normalise "
        "after the linear head). Look that your library agrees: releases of PyLate that take an empty prefix or "
        "skiplist for a missing one put an untrained `[Q] ` or `[D] ` in and drop punctuation.",
    )
    return "\n".join(f"- {point}" for point in points)
