"""What can go wrong while a source is fetched, sorted by whether trying again can help."""

from __future__ import annotations


class FetchError(RuntimeError):
    """A source cannot be fetched as it is written in the registry; trying again gives the same answer."""


class TransientFetchError(FetchError):
    """The network or the server failed; the same request may succeed later."""


class ArchiveError(FetchError):
    """An archive is corrupt, hostile, empty or larger than the limits."""
