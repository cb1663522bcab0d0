"""The live log of a job in a terminal: what the assets say, without Dagster's bookkeeping."""

import logging
import sys

import dagster as dg


class _SaidByAssets(logging.Filter):
    """Passes what an asset logged; engine events stay in the event log, where the web UI shows them."""

    def filter(self, record: logging.LogRecord) -> bool:
        meta = getattr(record, "dagster_meta", None)
        if meta is None or getattr(record, "dagster_event", None) is not None:
            return False
        return not str(meta.get("orig_message", "")).startswith("Dependencies for step")


class _Terse(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", {})
        mark = "" if record.levelno < logging.WARNING else f"{record.levelname}: "
        return f"   {mark}{meta.get('orig_message', record.getMessage())}"


@dg.logger(config_schema={}, description="Messages of the assets, one terse line each")
def live_console(_: dg.InitLoggerContext) -> logging.Logger:
    """A logger that writes the assets' own messages to standard error."""
    logger = logging.Logger("xtr", logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_SaidByAssets())
    handler.setFormatter(_Terse())
    logger.addHandler(handler)
    return logger
