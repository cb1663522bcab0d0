"""Which package index to ask, and how: what the user has told pip, so that there is nothing to configure twice."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from pypi_simple import PYPI_SIMPLE_ENDPOINT

# pip's own order: the environment wins over a command's section, which wins over [global]
SECTIONS = (":env:", "download", "global")


@dataclass(frozen=True)
class PipSettings:
    """How pip reaches its index.

    Attributes:
        indexes: Addresses of the simple indexes to ask, in order; http(s) or `file://`.
        certificates: A bundle of certificate authorities, or None for the default.
        timeout: Seconds to wait for the index to connect or send something.
    """

    indexes: tuple[str, ...]
    certificates: str | None
    timeout: float


def read_pip_settings() -> PipSettings:
    """Reads pip's effective configuration (files and `PIP_*` variables) by asking pip itself.

    Without pip (an environment made by another installer) only the `PIP_*` variables count.
    """
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if listing.returncode == 0:
        return settings_from_listing(listing.stdout)
    return settings_from_environment(os.environ)


def settings_from_listing(listing: str) -> PipSettings:
    """Interprets the output of `pip config list`: lines like `global.index-url='...'`."""
    options = {}
    for line in listing.splitlines():
        key, separator, value = line.partition("=")
        if separator:
            options[key.strip()] = _unquoted(value.strip())
    return _settings(options)


def settings_from_environment(environment: Mapping[str, str]) -> PipSettings:
    """Interprets the `PIP_*` variables alone."""
    prefix = "PIP_"
    names = (name for name in environment if name.startswith(prefix))
    return _settings({f":env:.{n.removeprefix(prefix).lower().replace('_', '-')}": environment[n] for n in names})


def _settings(options: Mapping[str, str]) -> PipSettings:
    main = _option(options, "index-url") or PYPI_SIMPLE_ENDPOINT
    extra = (_option(options, "extra-index-url") or "").split()
    timeout = _option(options, "timeout") or _option(options, "default-timeout") or "60"
    return PipSettings(tuple(dict.fromkeys([main, *extra])), _option(options, "cert"), float(timeout))


def _option(options: Mapping[str, str], name: str) -> str | None:
    return next((options[f"{section}.{name}"] for section in SECTIONS if options.get(f"{section}.{name}")), None)


def _unquoted(value: str) -> str:
    """Undoes the `repr` that `pip config list` prints values with."""
    try:
        return str(ast.literal_eval(value))
    except (ValueError, SyntaxError):
        return value
