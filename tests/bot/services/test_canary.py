"""A stream that went silent is told with its usual rhythm and the account's own check; its return too."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.calendar import Calendar
from bot.domain.canary import Arrival, Stream
from bot.domain.errors import StoreUnavailable, Transient
from bot.domain.models import Event, Health, Raw
from bot.domain.network import Titles
from bot.domain.notices import kind_of
from bot.services.canary import CANARY, EVERY, Canary, _span
from bot.store.heard import RedisHeard
from connectors.webhook.connector import WebhookConnector
from tests.support.cases import NOON
from tests.support.notices import Desk, a_notice_desk

NAME = "square/main/webhook"


class Account(WebhookConnector):
    """An account whose check says what the test wants."""

    title = "@acme"

    def __init__(self) -> None:
        """Nothing of the real one is used."""
        self.says: Health | Exception = Health(ok=True, summary="token good for 40 days")
        self.queries = ["bags"]

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Nothing comes."""
        del raw
        yield from ()

    def searches(self) -> list[str]:
        """What the settings name."""
        return self.queries

    async def check(self) -> Health:
        """What the test set."""
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@dataclass(frozen=True)
class Mine:
    """A canary and a stream that it has known for five weeks: ten arrivals an hour, around the clock."""

    desk: Desk
    canary: Canary
    account: Account

    async def look(self) -> list[str]:
        """One look, and what stands in the channel then."""
        await self.canary.act(CANARY)
        await self.desk.due(kind_of("quiet", NAME))
        return [f"{each.text} {each.blocks}" for each in self.desk.said()]

    async def silent(self, hours: float) -> list[str]:
        """Looks every five minutes, while nothing comes."""
        said: list[str] = []
        for _ in range(int(hours * 12)):
            self.desk.clock.advance(EVERY)
            said = await self.look()
        return said


@pytest.fixture
async def mine(redis_url: str) -> AsyncIterator[Mine]:
    """Everything real but the account."""
    async with a_notice_desk(redis_url) as desk:
        account = Account()
        canary = Canary(
            desk.store.heard,
            desk.notices,
            {("square", "main"): account},
            Titles(square="Square"),
            Calendar(),
            desk.clock,
        )
        known = Stream(
            since=NOON - timedelta(weeks=5),
            watched=NOON,
            quiet_from=NOON,
            last=NOON,
            arrivals=8000,
            counts=(40.0,) * 168,
            hours=(4.0,) * 168,
            gaps=(0.2, 0.9, 2.2) * 20,
        )
        await desk.store.heard.keep({NAME: known})
        yield Mine(desk, canary, account)


async def test_silence_is_told_with_what_is_usual_and_what_the_check_says(mine: Mine) -> None:
    """Once, however long it lasts; `check` and App Home say it too."""
    assert await mine.silent(1) == []
    (said,) = await mine.silent(3)
    assert "The last sign of life from Square (@acme, webhook) came " in said
    assert re.search("at 12:00; at this time of the week 9 of 10 gaps are under 1[3-9] min", said)
    assert "token good for 40 days. Is the webhook subscribed?" in said
    assert "Hark itself was away" not in said
    (health,) = await mine.canary.health()
    assert not health.ok
    assert "Square" in health.summary


async def test_its_return_is_told_with_how_many_came(mine: Mine) -> None:
    """And then the silence begins anew."""
    await mine.silent(2)
    at = mine.desk.clock.now().replace(second=0, microsecond=0)
    await mine.desk.store.heard.add({NAME: [Arrival(at=at, count=3)]})
    said = await mine.silent(0.1)
    assert f"Square (@acme, webhook) is back: 3 new since {at:%H:%M}" in said[1]
    assert await mine.canary.health() == []
    assert len(await mine.silent(0.5)) == 2


async def test_each_return_is_told_with_its_own_count(mine: Mine) -> None:
    """What came after the silence before is not new any more."""
    for count, hours in ((3, 2), (2, 7)):  # the same trouble is told again six hours later
        await mine.silent(hours)
        at = mine.desk.clock.now().replace(second=0, microsecond=0)
        await mine.desk.store.heard.add({NAME: [Arrival(at=at, count=count)]})
        said = await mine.silent(0.1)
        assert f"is back: {count} new since {at:%H:%M}" in said[-1]


async def test_what_came_is_counted_after_a_look_that_could_not_keep_it(mine: Mine) -> None:
    """The store goes away in the middle of a look: nothing that was heard is forgotten by then."""

    class Away(RedisHeard):
        """A book that takes nothing more."""

        async def keep(self, streams: Mapping[str, Stream], gone: Sequence[str] = ()) -> None:
            """The store does not answer."""
            del streams, gone
            raise StoreUnavailable("no answer")

    heard = mine.desk.store.heard
    await heard.add({NAME: [Arrival(at=NOON)]})
    away, accounts = Away(heard.link, heard.keys), {("square", "main"): mine.account}
    broken = Canary(away, mine.desk.notices, accounts, Titles(square="Square"), Calendar(), mine.desk.clock)
    with pytest.raises(StoreUnavailable):
        await broken.act(CANARY)
    assert await heard.waiting() == {NAME: [Arrival(at=NOON)]}


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        (Health(ok=False, summary="the token has expired", mend="Log in again"), "the token has expired. Log in again"),
        (Transient("the network does not answer"), "the network does not answer. Run"),
        (TimeoutError(), "no answer. Run `python -m bot check`"),
    ],
)
async def test_a_failing_check_is_part_of_the_notice(mine: Mine, says: Health | Exception, shown: str) -> None:
    """Whoever reads it knows what to mend."""
    mine.account.says = says
    (said,) = await mine.silent(2)
    assert shown in said


async def test_a_check_without_an_end_holds_up_no_notice(mine: Mine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the look at all other streams, which is one chore for all of them."""

    async def hangs() -> Health:
        await asyncio.Event().wait()
        raise AssertionError("never")

    monkeypatch.setattr("bot.services.canary.CHECK_S", 0.01)
    monkeypatch.setattr(mine.account, "check", hangs)
    (said,) = await mine.silent(2)
    assert "no answer. Run `python -m bot check`" in said


async def test_what_sweeps_found_meanwhile_is_said(mine: Mine) -> None:
    """The proof that the door, not the customers, went silent."""
    await mine.desk.store.heard.add({NAME: [Arrival(at=NOON, count=4, swept=True)]})
    (said,) = await mine.silent(2)
    assert "A sweep found 4 that did not come this way" in said


async def test_after_a_pause_of_hark_the_last_sign_of_life_is_still_one(mine: Mine) -> None:
    """The silence is measured from the end of the pause, and told from the last arrival."""
    mine.desk.clock.advance(timedelta(hours=60))
    (said,) = await mine.silent(4)
    assert "at Wednesday 12:00; " in said
    assert "Hark itself was away for a part of it." in said


async def test_a_pause_after_the_telling_changes_nothing_that_was_told(mine: Mine) -> None:
    """`check` and App Home go on naming the arrival."""
    await mine.silent(3)
    mine.desk.clock.advance(timedelta(hours=2))
    await mine.look()
    (health,) = await mine.canary.health()
    assert "at 12:00; " in health.summary


async def test_a_search_that_the_settings_name_no_more_is_forgotten(mine: Mine) -> None:
    """Told as silent or not, it is nobody's trouble any more; a search that is still there is told."""
    known = (await mine.desk.store.heard.rhythms())[NAME]
    there, removed = "square/main/search:bags", "square/main/search:shoes"
    await mine.desk.store.heard.keep({there: known, removed: known.model_copy(update={"rung": NOON})})
    await mine.desk.store.heard.add({removed: [Arrival(at=NOON)]})
    assert [each for each in await mine.canary.health() if "shoes" in each.summary] == []
    await mine.silent(3)
    assert set(await mine.desk.store.heard.rhythms()) == {NAME, there}
    assert len(await mine.canary.health()) == 2
    await mine.desk.due(kind_of("quiet", there))
    assert [each.text for each in mine.desk.said() if "search:bags" in each.text]
    assert [each.text for each in mine.desk.said() if "search:shoes" in each.text] == []
    assert "Is the search or login still right?" in str([each.blocks for each in mine.desk.said()])
    await mine.desk.due(kind_of("lost", "square", "main"))
    assert [each.text for each in mine.desk.said() if "do not name this account" in each.text] == []


async def test_a_new_stream_is_learned_and_an_old_account_forgotten(mine: Mine) -> None:
    """Rhythms follow the accounts that are set up."""
    await mine.desk.store.heard.keep({"pond/main/webhook": (await mine.desk.store.heard.rhythms())[NAME]})
    await mine.desk.store.heard.add({"square/main/search:bags": [Arrival(at=NOON)], "pond/x/y": [Arrival(at=NOON)]})
    await mine.look()
    assert set(await mine.desk.store.heard.rhythms()) == {NAME, "square/main/search:bags"}
    assert await mine.desk.store.heard.waiting() == {}


async def test_an_account_that_the_settings_lost_is_told_once(mine: Mine) -> None:
    """It would be silent for ever, and nothing else says so: a variable that a deploy forgot looks like this."""
    rhythm = (await mine.desk.store.heard.rhythms())[NAME]
    just_set_up = rhythm.model_copy(update={"since": NOON})
    await mine.desk.store.heard.keep({"square/main/mentions": rhythm, "square/new/webhook": just_set_up})
    lost = Canary(mine.desk.store.heard, mine.desk.notices, {}, Titles(square="Square"), Calendar(), mine.desk.clock)
    await lost.act(CANARY)
    await lost.act(CANARY)
    for account in ("main", "new"):
        await mine.desk.due(kind_of("lost", "square", account))
    (said,) = (f"{each.text} {each.blocks}" for each in mine.desk.said())
    assert "Nothing comes in from Square (main) any more: the settings do not name this account" in said
    assert "set its variables again" in said


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "1 min"), (119, "119 min"), (120, "2 h"), (47 * 60, "47 h"), (48 * 60, "2 days")]
)
def test_a_silence_in_words(minutes: int, words: str) -> None:
    """Minutes below two hours, hours below two days."""
    assert _span(timedelta(minutes=minutes)) == words
