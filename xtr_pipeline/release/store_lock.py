"""One promotion or rollback at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreBusyError(RuntimeError):
    """Another process is changing the store."""


@contextmanager
def store_lock(store: Path) -> Iterator[None]:
    """Hold the store; the operating system lets go when the process dies.

    Raises:
        StoreBusyError: another process holds it. Waiting would judge by an incumbent that is about to change.
    """
    store.mkdir(parents=True, exist_ok=True)
    with (store / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreBusyError(f"another process is promoting in {store}: try again when it is done") from error
        yield
