"""Keeping a state over restarts: one JSON file, replaced as a whole soon after each change."""

import asyncio
import json
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from bot.domain.errors import SetupError

SAVE_DELAY_S = 0.5
State = TypeVar("State", bound=BaseModel)


class KeptFile(Generic[State]):
    """The file of one state: `read` it once, tell each change with `changed`, and `close` it at the end.

    A kill loses at most the changes of the last half second.
    """

    def __init__(self, path: Path, model: type[State], state: Callable[[], State]) -> None:
        """`model` says what the file must hold, `state` gives what to write."""
        self._path = path
        self._model = model
        self._state = state
        self._soon: asyncio.TimerHandle | None = None
        self._is_failing = False

    def read(self) -> State | None:
        """What the file holds; None without a file, and for a broken one, which is set aside with a message.

        Raises SetupError when a broken file cannot be moved out of the way.
        """
        try:
            return self._model.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            aside = self._set_aside()
            _say(f"{self._path} could not be read ({_reason(error)}). It is now {aside.name}; starting without it.")
            return None

    def changed(self) -> None:
        """Write soon. Needs a running event loop."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SAVE_DELAY_S, self._write)

    def close(self) -> None:
        """Write what is not yet written."""
        if self._soon is not None:
            self._soon.cancel()
            self._write()

    def _write(self) -> None:
        """Write beside the file, then put it in its place: a crash leaves the old or the new one, never half of one.

        A full disk or the like is said once; the next change tries again.
        """
        self._soon = None
        # Half a surrogate pair, which JSON can carry into a text and UTF-8 cannot, is written as a question mark.
        text = json.dumps(self._state().model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))
        beside = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(text.encode("utf-8", "replace"))
            beside.replace(self._path)
        except OSError as error:
            if not self._is_failing:
                _say(f"{self._path} could not be written ({_reason(error)}); it is tried again after the next change.")
            self._is_failing = True
        else:
            self._is_failing = False

    def _set_aside(self) -> Path:
        names = (self._path.with_name(f"{self._path.name}.broken-{number}") for number in count(1))
        aside = next(name for name in names if not name.exists())
        try:
            return self._path.replace(aside)
        except OSError as error:
            raise SetupError(f"{self._path} is broken and cannot be moved: {_reason(error)}", "remove it") from error


def _reason(error: OSError | ValidationError) -> str:
    """A few words on what is wrong, without the content of the file."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
