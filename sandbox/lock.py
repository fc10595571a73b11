"""One demo for each data folder: a lock that ends with its process, whatever ends the process."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.domain.errors import SetupError

LOCK = "demo.lock"


@contextmanager
def only_demo(folder: Path) -> Iterator[Callable[[str], None]]:
    """Hold the folder, which is made when it is missing, for the block; the value takes the page's URL for others.

    Raises SetupError when another demo holds the folder, with its URL, or when the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        message = f"The demo cannot keep its data in {folder}: {error.strerror}"
        raise SetupError(message, "name another folder with --data FOLDER") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _running(folder) from None
        lock.truncate(0)

        def tell(url: str) -> None:
            lock.write(url)
            lock.flush()

        yield tell


def _running(folder: Path) -> SetupError:
    url = (folder / LOCK).read_text(encoding="utf-8")
    if not url:
        return SetupError("A demo is starting on the same data", "wait for its address, or stop it")
    return SetupError(f"A demo is already running at {url}", "open that, or stop it (Ctrl-C in its window)")
