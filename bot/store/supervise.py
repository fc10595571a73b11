"""Run one server and end it with its owner, however the owner ends.

Started as `python -I -S supervise.py STATE SOCKET LOG LOCK_FD SERVER [ARGUMENT ...]` by bot/store/embedded.py. The
owner holds the other end of standard input. When that closes, because the owner stops, crashes or is killed by
signal 9, the server gets SIGTERM, ten seconds to write its file, and then SIGKILL. This works on every POSIX system,
where the parent-death signal of Linux would not, and where that signal follows a thread instead of a process.

The server inherits the lock file (LOCK_FD), so that the lock is free exactly when no server uses the data any more.
It runs in a session of its own: Ctrl-C in a terminal stops the bot, and the bot stops the server after its last write.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

STOP_S = 10.0
OWNER = 0  # standard input: readable (at its end) when the owner is gone


def supervise(state: Path, socket: Path, log: Path, lock: int, command: Sequence[str]) -> int:
    """Start the server, write its state file, wait for the end of either side; return the server's exit code."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, note)
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603  (the owner names the server, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            start_new_session=True,
        )
    try:
        write_state(state, {"pid": child.pid, "supervisor": os.getpid(), "socket": str(socket)})
        wait_for_either(child, wake)
    finally:
        state.unlink(missing_ok=True)  # first, so that nobody adopts a server that is about to end
        code = stop(child)
        socket.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            socket.parent.rmdir()
    return code


def note(_number: int, _frame: object) -> None:
    """Do nothing: the wake-up pipe carries the signal's number."""


def wait_for_either(child: subprocess.Popen[bytes], wake: int) -> None:
    """Return when the server has ended, the owner is gone, or this process is asked to end."""
    while child.poll() is None:
        readable, _, _ = select.select([OWNER, wake], [], [])
        if wake in readable and signal.SIGTERM in os.read(wake, 64):
            return
        if OWNER in readable and not os.read(OWNER, 64):
            return


def stop(child: subprocess.Popen[bytes]) -> int:
    """End the server: SIGTERM writes everything and exits; SIGKILL follows if that takes too long."""
    if child.poll() is None:
        child.terminate()
    try:
        return child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def write_state(path: Path, state: dict[str, object]) -> None:
    """Replace the state file in one step, so that a reader never sees half of it."""
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(state))
    draft.replace(path)


if __name__ == "__main__":
    state_path, socket_path, log_path = (Path(argument) for argument in sys.argv[1:4])
    sys.exit(abs(supervise(state_path, socket_path, log_path, int(sys.argv[4]), sys.argv[5:])))
