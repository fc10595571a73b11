"""`python -m bot dead` and `replay`: look at what could not be used, and take it in once the reason is mended."""

import json
from collections.abc import Callable, Mapping, Sequence

from bot.commands.opening import opened
from bot.commands.terminal import Say
from bot.domain.dead import KEPT
from bot.domain.ports import Buried
from bot.secrecy import allow_list, masker

SHOWN = 100
BODY_SHOWN = 20_000


async def dead(env: Mapping[str, str], say: Say, id_: str = "") -> int:
    """List what could not be used, without its words; or show one letter, its personal data masked."""
    async with opened(env) as service:
        if id_:
            letter = await service.store.dead.find(id_)
            if letter is None:
                say(f"no dead letter {id_!r}")
                return 1
            show(letter, masker(allow_list(service.settings)), say)
            return 0
        count = await service.store.dead.count()
        for each in await service.store.dead.newest(SHOWN):
            say(_line(each))
        shown = f" (the newest {SHOWN} shown)" if count.waiting > SHOWN else ""
        until = f", the oldest until {count.expires:%Y-%m-%d}" if count.expires else ""
        say(f"{count.waiting:,} waiting{shown}{until}; {count.gone:,} gone without having been replayed")
    return 0


async def replay(env: Mapping[str, str], say: Say, ids: Sequence[str]) -> int:
    """Put letters back into the inbox: these, or all; 1 where one of these is not there (any more)."""
    async with opened(env) as service:
        count = await service.store.inbox.replay(ids or None)
    missing = max(0, len(set(ids)) - count)
    say(f"{count} put back into the inbox{f'; {missing} not there (any more)' if missing else ''}")
    return 1 if missing else 0


def show(letter: Buried, mask: Callable[[str], str], say: Say) -> None:
    """One letter. Of the headers only the names are shown: some of their values are signatures."""
    raw = letter.raw
    say(_line(letter))
    say(f"received  {raw.received_at:%Y-%m-%d %H:%M:%S}, kept until {letter.at + KEPT:%Y-%m-%d %H:%M}")
    if raw.headers:
        say(f"headers   {', '.join(sorted(raw.headers))}")
    text = mask(_pretty(raw.body))
    say(text[:BODY_SHOWN])
    if len(text) > BODY_SHOWN:
        say(f"… and {len(text) - BODY_SHOWN:,} characters more")


def _line(letter: Buried) -> str:
    """Id, when, account and door, size, why. The content is not shown: it may be private."""
    raw = letter.raw
    where = f"{raw.network}/{raw.account}/{raw.source}"
    return f"{letter.id}  {letter.at:%Y-%m-%d %H:%M}  {where}  {len(raw.body)} bytes  {letter.error}"


def _pretty(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
