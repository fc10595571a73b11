"""A flood, end to end: Slack's real limits, the real bot, a burst of customers with complaints among them."""

from collections.abc import Sequence

import pytest

from bot.domain.case import Case
from sandbox.slack.base import Json
from sandbox.slack.config import SandboxConfig
from sandbox.slack.model import Message
from tests.support.flood import Customer, cases_of, pour
from tests.support.rig import ANA, BEN, CARE, CHLOE, Rig, a_rig
from tests.support.waiting import wait_until

STRICT = SandboxConfig(rate_limits=True)
QUESTION = "Could you tell me whether the evening ferry number {n} to Hvar takes bicycles on board?"
OTHERS = "Good morning from deck {n}! What time does the museum of the island open its doors for families?"
COMPLAINT = "My suitcase number {n} is lost and nobody helps, this is awful service"
MINUTE = 60.0
ANGRY = "@acme.square.test my evening ferry took no bicycles, awful service, I am furious"
KNOWN_LINE = "The evening ferry takes no bicycles this week, sorry! The morning one does."
SOLVED_LINE = "The evening ferry takes bicycles again."


def standing_for_many(rig: Rig, scope: str) -> list[Message]:
    """Messages that stand for many cases: `storm-` or `problem-`."""
    return [each for each in rig.sandbox.slack.messages(CARE) if f"'{scope}" in str(each.blocks)]


def own_cards(rig: Rig, customers: Sequence[Customer]) -> int:
    """How many of these customers have a card."""
    names = {part["text"] for each in rig.cards() for part in parts(each) if part.get("type") == "text"}
    return sum(1 for customer in customers if f"Customer u-{customer.n}" in names)


def parts(message: Message) -> list[Json]:
    """The pieces of a message's rich texts."""
    lines = [line for block in message.blocks if block["type"] == "rich_text" for line in block["elements"]]
    return [part for line in lines for part in line["elements"]]


async def the_storm(rig: Rig) -> Message:
    """The one storm card, once it stands."""
    await wait_until(lambda: standing_for_many(rig, "storm-"), "a storm card stands", within_s=40)
    (card,) = standing_for_many(rig, "storm-")
    return card


async def folded(rig: Rig) -> int:
    """How many cases the storm holds back."""
    return (await rig.service.store.storms.tally(CARE, "storm", rig.sandbox.clock.now())).folded


async def all_settled(rig: Rig, count: int) -> None:
    """Wait until every case that was sent away has come back and is folded or carded."""

    async def accounted() -> bool:
        return await folded(rig) + len(rig.cards()) - 1 >= count

    await wait_until(accounted, "every case is folded or has its card", within_s=90)


def waits(case: Case) -> bool:
    """Whether the case lives as any other: open, its clocks running, its timers set."""
    return case.is_open and case.wait is not None and len(case.wait.marks) == 5


@pytest.mark.timeout(200)
async def test_a_flood_becomes_one_card_and_nobody_is_lost(redis_url: str) -> None:
    """Complaints are carded first, one card stands for the rest, ten are shown, it ends by itself, all get cards."""
    questions = [Customer(n, QUESTION.format(n=n)) for n in range(32)]
    complaints = [Customer(1000 + n, COMPLAINT.format(n=n)) for n in range(5)]
    everybody = [*questions[:25], *complaints, *questions[25:]]
    async with a_rig(redis_url, config=STRICT) as rig:
        began = rig.sandbox.clock.monotonic()
        await pour(rig, everybody)
        card = await the_storm(rig)
        await wait_until(lambda: own_cards(rig, complaints) == 5, "the complaints have cards", within_s=40)
        assert rig.sandbox.clock.monotonic() - began < 30
        rig.sandbox.clock.skip(MINUTE)
        await all_settled(rig, len(everybody))
        cases = await cases_of(rig, everybody)
        assert len(cases) == len(everybody)
        assert all(waits(case) for case in cases)
        assert len(await rig.service.store.cases.waiting(200)) == len(everybody)
        rig.sandbox.clock.skip(10)
        await rig.shows(card.ts, "hark:storm-next:v1")
        before, held = own_cards(rig, questions), await folded(rig)
        await rig.press(ANA, card.ts, "hark:storm-next:v1")
        await wait_until(lambda: own_cards(rig, questions) == before + 10, "ten more have cards", within_s=40)
        assert await folded(rig) == held - 10
        await wait_until(
            lambda: any("10 cases get their own card" in each.text for each in rig.whispers()),
            "the presser is told",
        )
        for _ in range(3):
            rig.sandbox.clock.skip(2.5 * MINUTE)
            await rig.sandbox.clock.sleep(2.5)
        await rig.shows(card.ts, "The storm is over")
        await wait_until(lambda: all_carded(rig, everybody), "all have cards", within_s=90)
        rig.sandbox.clock.skip(2 * MINUTE)
        await rig.shows(card.ts, "nobody waits here any more")
        assert len(standing_for_many(rig, "storm-")) == 1
        assert len(rig.cards()) == len(everybody)

        async def forgotten() -> bool:
            return (await rig.service.store.storms.weather(CARE)).clear

        await wait_until(forgotten, "the storm is told and forgotten")


@pytest.mark.timeout(200)
async def test_a_known_problem_takes_the_similar_ones_and_gives_them_back_when_solved(redis_url: str) -> None:
    """Opened from the storm card; later ones join, complaints too; its cases say so and suggest its line."""
    ferries = [Customer(n, QUESTION.format(n=n)) for n in range(32)]
    others = [Customer(500 + n, OTHERS.format(n=n)) for n in range(3)]
    late = [Customer(2001, QUESTION.format(n=7))]
    async with a_rig(redis_url, config=STRICT) as rig:
        await pour(rig, [*ferries, *others])
        card = await the_storm(rig)
        rig.sandbox.clock.skip(MINUTE)
        await all_settled(rig, len(ferries) + len(others))
        await rig.press(BEN, card.ts, "hark:storm-problem:v1")
        assert "ferry" in str((await rig.modal(BEN))["blocks"])
        typed = {"title": "Bicycles", "known": "Deck is repaired", "line": KNOWN_LINE, "words": "ferry bicycles"}
        await rig.send(BEN, None, **typed)
        await wait_until(lambda: standing_for_many(rig, "problem-"), "the problem has its card", within_s=30)
        (problem,) = standing_for_many(rig, "problem-")
        await wait_until(lambda: rig.service.calm.storms._weathers[CARE].problems, "the worker knows of the problem")
        await pour(rig, late)
        rig.square.post("jamalreed", ANGRY)

        async def joined() -> bool:
            known = [case.known for case in await cases_of(rig, late)]
            return len(known) == 1 and all(each and each.title == "Bicycles" for each in known)

        await wait_until(joined, "new similar cases belong to it", within_s=30)
        rig.sandbox.clock.skip(10)
        await rig.shows(problem.ts, "1 complaint among them")
        assert not own_cards(rig, late)
        assert "I am furious" not in str([each.blocks for each in rig.cards()])
        await wait_until(lambda: only_others_are_folded(rig, others), "the storm's own cases went over", within_s=30)
        await refused_by_its_title(rig, card.ts)
        for user in (ANA, BEN):
            await rig.press(user, problem.ts, "hark:problem-solved:v1")
            await rig.modal(user)
        assert (await rig.send(ANA, None, line=SOLVED_LINE)).ok
        late_words = await rig.send(BEN, None, line="The deck is repaired, all bicycles are welcome.")
        assert late_words.errors == {"line": "Nothing changed: This problem is solved already."}
        rig.sandbox.clock.skip(10)
        await rig.shows(problem.ts, "Solved: Bicycles")
        await wait_until(lambda: all_carded(rig, [*ferries, *late]), "all of them have cards", within_s=150)
        shown = await rig.card("I am furious")
        assert "Known problem, solved" in str(shown.blocks)
        await rig.press(CHLOE, shown.ts, "hark:reply:v1")
        assert SOLVED_LINE in str((await rig.modal(CHLOE))["blocks"])


async def refused_by_its_title(rig: Rig, storm: str) -> None:
    """Ben opens the same problem once more: what is wrong stands below the title, and all that he typed stays."""
    await rig.press(BEN, storm, "hark:storm-problem:v1")
    form = await rig.modal(BEN)
    answer = await rig.send(BEN, None, title="bicycles", known="The deck is repaired on Friday", line=KNOWN_LINE)
    assert answer.errors == {"title": "Nothing changed: A known problem of that title is open already."}
    await rig.sandbox.slack.close(BEN, form["id"])


async def all_carded(rig: Rig, customers: Sequence[Customer]) -> bool:
    """Whether all of them have cards; lets the bot's clock run a little faster than Slack's."""
    rig.sandbox.clock.skip(1)
    await rig.sandbox.clock.sleep(1)
    return own_cards(rig, customers) == len(customers)


async def only_others_are_folded(rig: Rig, others: Sequence[Customer]) -> bool:
    """Whether nobody who asked about bicycles is in the storm any more."""
    return await folded(rig) <= len(others)
