"""Storms as workers live them: sharing, crashing, ending, giving back; with real Redis and time that is turned."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.cards.build import Sheet
from bot.cards.view import rendered
from bot.domain.case import Case, PostKind
from bot.domain.decisions import Change, Refused, changed
from bot.domain.lifecycle import close
from bot.domain.ports import Due
from bot.domain.posting import with_alert, with_line
from bot.domain.storm import Face, Storm, Weather
from bot.domain.storm_ports import STORM
from bot.services.casework import Casework
from bot.services.once import STALE, Once
from bot.services.posters import Posters
from bot.services.rings import RING
from bot.services.slack_budget import SlackBudget
from tests.support.cases import ANA, NOON, a_card, a_claim
from tests.support.stores import forget
from tests.support.storm_lab import CHANNEL, Lab, Worker, a_customer, a_lab, cards, folded, pass_time

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
OTHER = "C0OTHER001"
GATHERED = "more case waits"
QUESTIONS = ("ferry", "museum", "pool", "deck", "train", "bread", "table", "bicycle", "sauna", "harbour")


def words(n: int) -> str:
    """A question that is like nobody else's."""
    return " ".join(
        QUESTIONS[(n * step + step) % len(QUESTIONS)] + "abcdefghij"[(n // step) % 10] for step in range(1, 9)
    )


@pytest.fixture
def lab(redis_url: str) -> Lab:
    """Noon, and nobody has written yet."""
    return a_lab(redis_url)


async def flood(worker: Worker, count: int = 60, first: int = 0, **changes: Any) -> list[Case]:
    """So many different questions at once."""
    cases = [a_customer(n, words(n), worker.clock, **changes) for n in range(first, first + count)]
    for case in cases:
        await worker.take_in(case)
    return cases


async def a_raging(lab: Lab, worker: Worker, count: int = 60) -> list[Case]:
    """A storm that holds, with every question folded."""
    cases = await flood(worker, count)
    await worker.work()
    await pass_time(lab, worker, seconds=66, step=3)
    assert (await worker.store.storms.weather(CHANNEL)).storming
    return cases


async def test_every_case_is_carded_or_folded_and_the_card_is_one(lab: Lab) -> None:
    """Sixty at once: a few cards, one storm card, edited calmly; each case is accounted for."""
    async with lab.worker() as worker:
        cases = await a_raging(lab, worker)
        assert cards(lab) + await folded(worker) == len(cases)
        assert cards(lab) < 12
        (posted,) = lab.slack.of("Storm ·")
        assert posted - NOON <= 3 * SECOND
        gaps = [after[0] - before[0] for before, after in zip(lab.slack.edits, lab.slack.edits[1:], strict=False)]
        assert all(gap >= 8 * SECOND for gap in gaps)


async def test_in_a_storm_no_first_card_goes_past_the_line(lab: Lab) -> None:
    """Whoever stores a case posts its card at once only where nothing is held back."""
    async with lab.worker() as worker:
        new = Change(case=a_customer(900, words(90), lab.clock))
        assert worker.drawing.opening(new) is not None
        await a_raging(lab, worker)
        await pass_time(lab, worker, seconds=6)
        assert worker.drawing.opening(new) is None


async def test_complaints_go_ahead_and_overflow_in_order(lab: Lab) -> None:
    """Of thirty complaints at once each gets a card within half a minute, those due first first; questions wait."""
    async with lab.worker() as worker:
        await a_raging(lab, worker)
        before, began = cards(lab), lab.clock.now()
        complaints = await flood(worker, 28, first=500, intent="complaint")
        await worker.work()
        await pass_time(lab, worker, seconds=30)
        assert cards(lab) - before == len(complaints)
        ids = {case.id for case in complaints}
        shown = [(at, text.split()[1]) for at, _, text, _ in lab.slack.posts if text.startswith("card")][before:]
        assert {case_id for _, case_id in shown} == ids
        assert max(at for at, _ in shown) - began <= 30 * SECOND


async def test_more_complaints_than_slack_takes_stand_in_line(lab: Lab) -> None:
    """Three in two seconds, for a minute: the first come first, and none waits longer than the line is."""
    async with lab.worker() as worker:
        await a_raging(lab, worker)
        before, seen = cards(lab), {}
        for n in range(45):
            case = a_customer(500 + n, words(n), lab.clock, intent="complaint")
            seen[case.id] = lab.clock.now()
            await worker.take_in(case)
            await pass_time(lab, worker, seconds=2 / 3, step=1 / 3)
        await pass_time(lab, worker, seconds=20, step=1 / 3)
        shown = [(at, text.split()[1]) for at, _, text, _ in lab.slack.posts if text.startswith("card")][before:]
        assert len(shown) == 45
        assert max(at - seen[case_id] for at, case_id in shown) <= 24 * SECOND


async def test_a_claimed_case_and_a_known_customer_get_their_cards(lab: Lab) -> None:
    """Claimed from a list, a folded case gets its card with the next draw; so does whoever has one already."""
    async with lab.worker() as worker:
        cases = await a_raging(lab, worker)
        carded = {text.split()[1] for _, _, text, _ in lab.slack.posts if text.startswith("card")}
        again = next(case for case in cases if case.id in carded)
        held = next(case for case in cases if case.id not in carded)
        before, folded_before = cards(lab), await folded(worker)
        await worker.take_in(a_customer(900, words(90), lab.clock, author=again.author))
        casework = Casework(worker.store.cases, lab.clock)
        await casework.apply(held.id, lambda case: close(case, ANA, "x", NOON))
        await casework.apply(cases[-1].id, claimed)
        await pass_time(lab, worker, seconds=6)
        assert cards(lab) - before == 2
        assert await folded(worker) <= folded_before


def claimed(case: Case) -> Change:
    """Ana claims it from Home."""
    return changed(case, claim=a_claim())


async def test_another_worker_carries_on_after_a_crash(lab: Lab) -> None:
    """The first dies with the post made and not recorded: the second finds it, lets the storm end, gives all back."""
    async with lab.worker() as first:
        cases = await flood(first, 45)
        lab.slack.losing = 0
        await first.work()
        lab.clock.advance(SECOND)
        lab.slack.losing = 1  # the storm card stands, but nobody is told so
        await first.calm.storms.tick()
        assert (await first.store.storms.weather(CHANNEL)).storming
        for each in await first.store.upkeep.take(lab.clock.now(), 64, timedelta(milliseconds=1)):
            await first.calm.act(each)  # the lease is never given back: this worker is dead now
    assert len(lab.slack.of("Storm ·")) == 1
    async with lab.worker("worker-2") as second:
        lab.clock.advance(31 * SECOND)
        await second.work()
        await pass_time(lab, second, seconds=100, step=2)
        assert len(lab.slack.of("Storm ·")) == 1
        assert lab.slack.edits
        assert cards(lab) + await folded(second) == len(cases)
        await pass_time(lab, second, seconds=320, step=10)
        assert not (await second.store.storms.weather(CHANNEL)).storming
        await pass_time(lab, second, seconds=120, step=2)
        assert cards(lab) == len(cases)
        assert await folded(second) == 0
        await pass_time(lab, second, seconds=130, step=10)
        assert (await second.store.storms.weather(CHANNEL)).clear
        assert "still to card" not in lab.slack.edits[-1][2]


async def test_a_storm_card_that_two_workers_posted_is_taken_away_once(lab: Lab) -> None:
    """Asleep at the very last moment: the one who comes second takes its card away, and the first one stands."""
    async with lab.worker() as one, lab.worker("worker-2") as two:
        await one.store.storms.swap(CHANNEL, Weather(), Weather(storm=Storm(id="s1", began_at=NOON, because="wait")))
        due = Due(CHANNEL, 0, "token", 2)
        lab.slack.meanwhile = lambda: two.calm.act(due)
        await one.calm.act(due)
        storm = (await one.store.storms.weather(CHANNEL)).storm
        assert storm is not None
        assert (storm.face.ts, len(lab.slack.posts)) == ("1.0", 2)
        assert lab.slack.edits == [(NOON, "2.0", "")]


async def test_an_attempt_that_took_long_to_note_is_looked_for_first(lab: Lab) -> None:
    """Asleep between the note and the post: nothing goes out before the channel was looked through."""

    async def save(face: Face) -> Face:
        lab.clock.advance(STALE + timedelta(milliseconds=1))
        return face

    async with lab.worker() as worker:
        posters = Posters(Once(lab.slack, lab.clock), SlackBudget(worker.store.budgets, lab.clock))
        drawing = rendered("a storm", Sheet([], b"[]"))
        assert await posters.show(CHANNEL, Face(), drawing, save, MINUTE) == NOON
        assert lab.slack.posts == []


async def test_a_storm_whose_upkeep_was_never_begun_is_found(lab: Lab) -> None:
    """Somebody died between beginning it and making it due: half a minute later it is due."""
    async with lab.worker() as worker:
        storm = Storm(id="s1", began_at=NOON, because="wait")
        await worker.store.storms.swap(CHANNEL, Weather(), Weather(storm=storm))
        await worker.work()
        await worker.work()
        assert len(lab.slack.of("Storm ·")) == 1


async def test_two_workers_share_a_storm(lab: Lab) -> None:
    """What one has begun the other holds to; every case is in one place."""
    async with lab.worker() as one, lab.worker("worker-2") as two:
        cases = await flood(one, 50)
        await one.work()
        more = await flood(two, 50, first=50)
        await pass_time(lab, one, two, seconds=66, step=3)
        assert cards(lab) + await folded(one) == len(cases) + len(more)
        assert len(lab.slack.of("Storm ·")) == 1


async def test_channels_are_independent(lab: Lab) -> None:
    """A storm in one is none in the other."""
    async with lab.worker() as worker:
        await a_raging(lab, worker)
        await worker.take_in(a_customer(700, "Hello there", lab.clock, posts=(a_card(channel=OTHER),)))
        await worker.work()
        assert [channel for _, channel, _, _ in lab.slack.posts if channel == OTHER] == [OTHER]
        assert list(await worker.store.storms.weathers()) == [CHANNEL]


async def test_near_duplicates_begin_a_storm_before_anybody_waits(lab: Lab) -> None:
    """One every three seconds, all saying the same: cards could be posted, but they are one event."""
    async with lab.worker() as worker:
        for n in range(20):
            await worker.take_in(a_customer(n, f"Is the evening ferry {n} to Hvar cancelled today?", lab.clock))
            await pass_time(lab, worker, seconds=3)
        weather = await worker.store.storms.weather(CHANNEL)
        assert weather.storm is not None
        assert weather.storm.because == "alike"
        assert cards(lab) + await folded(worker) == 20


async def test_one_customer_who_repeats_themselves_is_no_storm(lab: Lab) -> None:
    """Twenty times the same from the same person: a nuisance, not an event."""
    async with lab.worker() as worker:
        author = a_customer(0, "x", lab.clock).author
        for n in range(20):
            await worker.take_in(a_customer(n, f"Is the evening ferry {n} cancelled today?", lab.clock, author=author))
            await pass_time(lab, worker, seconds=3)
        assert await worker.store.storms.weathers() == {}
        assert cards(lab) == 20


async def test_usual_days_begin_nothing_and_cost_nothing(lab: Lab) -> None:
    """A different question every two seconds: no storm, no key of one but what is counted, no weather."""
    async with lab.worker() as worker:
        for n in range(40):
            await flood(worker, 1, first=n)
            await pass_time(lab, worker, seconds=2)
        assert cards(lab) == 40
        assert await worker.store.storms.weathers() == {}


async def test_switched_off_every_card_waits_its_turn(lab: Lab) -> None:
    """HARK_STORMS=false: nothing is folded, whatever comes."""
    async with lab.worker(on=False) as worker:
        await flood(worker, 45)
        await worker.work()
        await pass_time(lab, worker, seconds=60)
        assert cards(lab) == 45
        assert not lab.slack.of("Storm ·")


async def test_two_people_press_show_next_ten(lab: Lab) -> None:
    """Twenty different cases get their cards; closed ones are not counted; a storm that is gone is said to be."""
    async with lab.worker() as worker:
        await a_raging(lab, worker)
        before, held = cards(lab), await folded(worker)
        top = await worker.store.storms.top(CHANNEL, STORM, 1)
        await Casework(worker.store.cases, lab.clock).apply(top[0], lambda case: close(case, ANA, "x", NOON))
        assert await worker.calm.desk.show_next(CHANNEL, STORM) == 10
        assert await worker.calm.desk.show_next(CHANNEL, STORM) == 10
        assert await folded(worker) == held - 21
        await pass_time(lab, worker, seconds=30)
        assert cards(lab) == before + 20
        assert isinstance(await worker.calm.desk.show_next(OTHER, STORM), Refused)
        assert isinstance(await worker.calm.desk.show_next(CHANNEL, "nothing"), Refused)


async def test_a_deleted_storm_card_is_posted_anew(lab: Lab) -> None:
    """As soon as Slack says that it is gone; cases are folded all the same."""
    async with lab.worker() as worker:
        await a_raging(lab, worker)
        await flood(worker, 3, first=60)
        lab.slack.refusing = "message_not_found"
        while not lab.slack.refused:
            await pass_time(lab, worker, seconds=1)
        lab.slack.refusing = ""
        await pass_time(lab, worker, seconds=10)
        weather = await worker.store.storms.weather(CHANNEL)
        assert weather.storm is not None
        assert weather.storm.face.ts
        assert len(lab.slack.of("Storm ·")) == 2


@pytest.mark.parametrize(("code", "minutes"), [("invalid_blocks", 5), ("token_revoked", 1), ("ratelimited", 2)])
async def test_a_refused_storm_card_is_tried_every_few_minutes(lab: Lab, code: str, minutes: int) -> None:
    """Each try would take the place of somebody's card; once Slack takes it, it stands and is edited as ever."""
    async with lab.worker() as worker:

        async def pour(first: int) -> None:
            for minute in range(minutes + 1):
                await flood(worker, 32, first=first + 32 * minute)
                await pass_time(lab, worker, seconds=60, step=2)

        lab.slack.refusing, lab.slack.only = code, "Storm ·"
        await a_raging(lab, worker)
        await pour(first=100)
        gaps = [after - before for before, after in zip(lab.slack.refused, lab.slack.refused[1:], strict=False)]
        assert gaps
        assert all(minutes * MINUTE <= gap <= minutes * MINUTE + 5 * SECOND for gap in gaps)
        lab.slack.refusing = ""
        await pour(first=400)
        assert len(lab.slack.of("Storm ·")) == 1
        assert [text for _, _, text in lab.slack.edits if "Storm ·" in text]


@pytest.mark.parametrize("wish", [PostKind.ALERT, PostKind.LINE])
async def test_a_folded_case_says_nothing_in_the_channel_and_rings_once(lab: Lab, wish: PostKind) -> None:
    """Two folded cases escalate: somebody is rung once for both; no line of them stands in the channel."""
    wishes: dict[PostKind, Callable[[Case], Case]] = {
        PostKind.ALERT: lambda case: with_alert(case, ANA.id, "The answer is late", "breach:1"),
        PostKind.LINE: lambda case: with_line(case, "esc", "Still no answer", thread=False, mentions=(ANA.id,)),
    }
    async with lab.worker() as worker:
        cases = await a_raging(lab, worker)
        before, held = len(lab.slack.posts), await worker.store.storms.top(CHANNEL, STORM, 2)
        casework = Casework(worker.store.cases, lab.clock)
        for case_id in held:
            await casework.apply(case_id, lambda case: change(wishes[wish](case)))
        await pass_time(lab, worker, seconds=6)
        (new,) = lab.slack.posts[before:]
        gathered = await worker.store.rings.gathered(ANA.id)
        assert new[1] == ANA.id
        assert len(gathered) == (1 if wish is PostKind.ALERT else 2)
        assert len(cases) == cards(lab) + await folded(worker)
        for case_id in held:
            case = await worker.store.cases.load(case_id)
            assert case is not None
            assert all(post.ts or post.kind is PostKind.CARD for post in case.posts)


async def test_a_refused_message_of_gathered_rings_rests_for_an_hour(lab: Lab) -> None:
    """Meanwhile it takes no ring from what else that person should hear."""
    async with lab.worker() as worker:
        await a_raging(lab, worker)
        (held,) = await worker.store.storms.top(CHANNEL, STORM, 1)
        lab.slack.refusing, lab.slack.only = "invalid_blocks", GATHERED
        casework = Casework(worker.store.cases, lab.clock)
        await casework.apply(
            held, lambda case: change(with_line(case, "esc", "Still no answer", thread=False, mentions=(ANA.id,)))
        )
        await pass_time(lab, worker, seconds=1800, step=30)
        assert len(lab.slack.refused) == 1
        assert await worker.store.rings.ring(ANA.id, "another", lab.clock.now(), 5 * MINUTE) == timedelta(0)
        lab.slack.refusing = ""
        await pass_time(lab, worker, seconds=2400, step=30)
        assert len(lab.slack.of(GATHERED)) == 1


async def test_what_was_gathered_and_still_waits_is_never_called_settled(lab: Lab) -> None:
    """Warned on Friday evening, still waiting on Monday: the message says so all weekend, and nobody is rung again."""
    async with lab.worker() as worker:
        case = a_customer(1, words(1), lab.clock)
        await worker.take_in(case)
        await worker.store.rings.gather(ANA.id, case.id, lab.clock.now())
        await worker.store.upkeep.put(f"{RING}{ANA.id}", lab.clock.now())
        await forget(worker.store, 5 * MINUTE)
        for _ in range(3):
            await pass_time(lab, worker, seconds=120, step=30)
            lab.clock.advance(day := timedelta(hours=23, minutes=57))
            await forget(worker.store, day)
        assert len(lab.slack.of(GATHERED)) == 1
        assert not [text for _, _, text in lab.slack.edits if "settled" in text]


def change(case: Case) -> Change:
    """The case as a decision."""
    return Change(case=case)
