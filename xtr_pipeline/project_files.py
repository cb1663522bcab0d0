"""Where a project's inputs and its run storage lie: the one place that the environment is asked."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xtr_pipeline.retrieval.cache_folder import user_cache


@dataclass(frozen=True)
class ProjectFiles:
    """Inputs under `root` (read only), run storage under `home`, downloaded archives under `downloads`."""

    root: Path
    home: Path
    downloads: Path

    @property
    def registry(self) -> Path:
        """The registry of source repositories."""
        return self.root / "data" / "repos.toml"

    @property
    def ledger(self) -> Path:
        """The ledger of queries and grades."""
        return self.root / "data" / "judgments"

    @property
    def judge_settings(self) -> Path:
        """Which judge is asked, at what price, within which budget."""
        return self.root / "data" / "judge.toml"

    @property
    def model_settings(self) -> Path:
        """Which encoder training starts from."""
        return self.root / "data" / "model.toml"

    @property
    def reserved(self) -> Path:
        """The names that never reach training."""
        return self.root / "eval" / "reserved.txt"

    @property
    def specs(self) -> tuple[Path, ...]:
        """The project's own evaluation specs: keyword and semantic queries."""
        return tuple(sorted((self.root / "eval").glob("*_queries.json")))

    @property
    def eval_log(self) -> Path:
        """The log of every run over these specs."""
        return self.root / "eval" / "log.jsonl"


def project_files(environ: Mapping[str, str]) -> ProjectFiles:
    """The project that the environment names.

    XTR_PROJECT: the inputs (default: this checkout, else the working directory). XTR_HOME: the run storage (default:
    `.xtr` of this checkout, else the user's cache; the working directory has no say, since a search must not leave a
    folder behind in the code that it searches). XTR_PROFILE: every profile but `full` has its own folder in the run
    storage; downloads are shared.
    """
    checkout = Path(__file__).resolve().parents[1]
    in_checkout = (checkout / "data" / "repos.toml").is_file()
    root = Path(environ.get("XTR_PROJECT") or (checkout if in_checkout else Path.cwd())).expanduser().resolve()
    if own := environ.get("XTR_HOME"):
        base = Path(own).expanduser().resolve()
    else:
        base = checkout / ".xtr" if in_checkout else user_cache(environ, sys.platform, Path.home()) / "home"
    profile = environ.get("XTR_PROFILE") or "full"
    return ProjectFiles(root, base if profile == "full" else base / profile, base / "downloads")
