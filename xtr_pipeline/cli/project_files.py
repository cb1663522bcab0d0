"""Where the commands that need no Dagster find the project's inputs and its run storage."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xtr_pipeline.cli.search import run_home


@dataclass(frozen=True)
class ProjectFiles:
    """Inputs under `root`, run storage under `home`."""

    root: Path
    home: Path

    @property
    def registry(self) -> Path:
        """The registry of source repositories."""
        return self.root / "data" / "repos.toml"

    @property
    def reserved(self) -> Path:
        """The names that never reach training."""
        return self.root / "eval" / "reserved.txt"

    @property
    def specs(self) -> tuple[Path, ...]:
        """The project's own evaluation specs."""
        return tuple(sorted((self.root / "eval").glob("*_queries.json")))

    @property
    def eval_log(self) -> Path:
        """The log of every run over these specs."""
        return self.root / "eval" / "log.jsonl"

    @property
    def downloads(self) -> Path:
        """Downloaded archives."""
        return self.home / "downloads"


def project_files(environ: Mapping[str, str]) -> ProjectFiles:
    """The project that the environment names: XTR_PROJECT (default: this checkout, else here) and XTR_HOME."""
    checkout = Path(__file__).resolve().parents[2]
    default = checkout if (checkout / "data" / "repos.toml").is_file() else Path.cwd()
    return ProjectFiles(Path(environ.get("XTR_PROJECT", default)).resolve(), run_home(environ))
