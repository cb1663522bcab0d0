"""`xtr search`: the model over any folder of code."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.modes import DEFAULT_MODE, Mode

if TYPE_CHECKING:
    from xtr_pipeline.retrieval.searcher import Searcher
    from xtr_pipeline.retrieval.text_encoder import TextEncoder

FOUND, NOTHING_FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130

ROOT_HELP = (
    "Folder of code, any language. Version control, virtual environments, node_modules, vendored code, build output "
    "and everything that .gitignore names are left out."
)
MODEL_HELP = (
    "Which model: a checkpoint folder, a hub id (`org/name`), `base` (the untrained encoder, fetched once) or "
    "`promoted` (the one that passed the gate). Without it: the promoted one, else the project's base."
)
MODE_HELP = (
    "`semantic` finds code by what it does, in words that it need not contain. `bm25` finds the words themselves, "
    "split at camelCase and snake_case, and needs no model. `hybrid` is both. `xtr` "
    "scores only the tokens that the query's tokens retrieve."
)


class SearchRefusedError(ValueError):
    """Something about the request that makes a search impossible; the message says what and how to mend it."""


@dataclass(frozen=True)
class SearchRequest:
    """What was asked for; the attributes are the options of `search`."""

    query: str
    root: Path
    model_path: str | None
    mode: Mode
    k: int
    as_json: bool


def search(  # noqa: PLR0913, PLR0917 - one parameter an option
    query: Annotated[str, typer.Argument(help="What to look for, in plain words or in the code's own.")],
    root: Annotated[Path, typer.Option("--root", help=ROOT_HELP)] = Path(),
    model_path: Annotated[str | None, typer.Option("--model-path", help=MODEL_HELP)] = None,
    mode: Annotated[Mode, typer.Option("--mode", help=MODE_HELP)] = DEFAULT_MODE,
    k: Annotated[int, typer.Option("-k", "--top", min=1, help="How many files to show.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of text.")] = False,
) -> None:
    """Find the files of a folder that answer a query, each shown by the piece of code that answers it best.

    The first search of a folder encodes it (a bar on stderr says how long), later ones only what has changed since;
    an interrupted encode goes on where it stopped. The index lies in the user's cache folder (XTR_CACHE moves it) and
    can be deleted at any time.

    For instance:

    - `xtr search "retry a request after a timeout" --root ~/src/project`
    - `xtr search parse_url --mode bm25 -k 3`
    - `xtr search "where are passwords hashed" --model-path ./checkpoint --json`

    Exit codes, as grep's: 0 something was found, 1 nothing was found (only bm25 mode can find nothing), 2 the search
    could not be done, 130 interrupted.
    """
    messages = Console(stderr=True, highlight=False)
    try:
        found = _answer(SearchRequest(query, root, model_path, mode, k, as_json), messages)
    except KeyboardInterrupt:
        messages.print("interrupted: what is encoded is kept, run the same command to go on")
        raise typer.Exit(INTERRUPTED) from None
    except (OSError, ValueError, RuntimeError) as error:
        messages.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(FAILED) from error
    if not found:
        messages.print(f"nothing found for {query!r} under {root}", markup=False, soft_wrap=True)
        raise typer.Exit(NOTHING_FOUND)


def _answer(request: SearchRequest, messages: Console) -> bool:
    """Searches and prints to stdout; tells whether anything was found."""
    from xtr_pipeline.cli.search_results import describe_hits, print_results, results_as_json

    _check(request)
    encoder, model = (None, None) if request.mode == "bm25" else _load_encoder(request.model_path, messages)
    searcher = _open_searcher(request.root, encoder, model, messages)
    hits = searcher.rank_files(request.query, request.mode, request.k)
    results = describe_hits(hits, searcher.units, request.root)
    if request.as_json:
        typer.echo(results_as_json(results, request.query, request.mode, model))
    else:
        print_results(results, Console(highlight=False))
    return bool(results)


def _check(request: SearchRequest) -> None:
    """Raises SearchRefusedError with everything that is wrong, before a model is loaded."""
    problems = []
    if not request.query.strip():
        problems.append("the query is blank: say what to look for")
    if not request.root.is_dir():
        problems.append(f"{request.root} is not a folder: give the folder of code with --root")
    if problems:
        raise SearchRefusedError("; ".join(problems))


def _open_searcher(root: Path, encoder: "TextEncoder | None", model: str | None, messages: Console) -> "Searcher":
    """Brings the folder's index up to date, with a progress bar."""
    from xtr_pipeline.cli.encode_bar import encode_bar
    from xtr_pipeline.retrieval.cache_folder import user_cache
    from xtr_pipeline.retrieval.sources import searcher_for_folder

    cache = user_cache(os.environ, sys.platform, Path.home())
    with encode_bar(messages, f"encoding {root.resolve().name} with {model}") as on_progress:
        return searcher_for_folder(root, encoder, cache, on_progress)


def _load_encoder(model_path: str | None, messages: Console) -> "tuple[TextEncoder, str]":
    """Loads the model that was asked for, or the best there is; gives it with its name."""
    from xtr_pipeline.encoder.base_choice import DEFAULT, base_reference
    from xtr_pipeline.encoder.checkpoint import load_from
    from xtr_pipeline.release.promotion import promoted_folder

    files = project_files(os.environ)
    home = files.home
    promoted = promoted_folder(home) if model_path in {None, "promoted"} else None
    if promoted is not None:
        return load_from(str(promoted), home), "promoted"
    if model_path == "promoted":
        msg = f"nothing is promoted in {home}: run `xtr run` first, or search with --model-path base"
        raise SearchRefusedError(msg)
    if model_path is None:
        # what training starts from, which a project (and not just any folder that we stand in) may set
        reference = base_reference(files.model_settings) if files.registry.is_file() else DEFAULT
        messages.print(f"no promoted model yet: searching with the base encoder ({reference})", style="dim")
    else:
        reference = model_path
    return load_from(reference, home), reference
