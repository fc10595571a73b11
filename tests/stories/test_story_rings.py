"""Phones: one alert rings at once, a crowd of them rings once in five minutes and becomes one message."""

from datetime import timedelta
from itertools import pairwise

from sandbox.slack.model import Message
from tests.support.flood import Customer, pour
from tests.support.rig import ANA, BEN, CARE, CHLOE, Rig, a_rig
from tests.support.waiting import wait_until

PEOPLE = {"SLACK_ALERT_USERS": ANA, "HARK_MANAGER_USERS": CHLOE}
MINUTE = 60.0
TROUBLES = (
    "My suitcase is lost since Monday and nobody helps, awful service",
    "Your website crashes whenever I enter my card, this is terrible",
    "I was charged twice for one ticket and want my money back",
    "The ferry left an hour late and we missed the train, very bad",
    "Nobody answers your hotline, I am furious",
    "The seat was broken and wet, disgusting",
    "You cancelled my cabin without a word, horrible",
)


def gathered(rig: Rig, user: str) -> list[Message]:
    """Messages that tell of several cases."""
    return [each for each in rig.direct(user) if "'rings:" in str(each.blocks)]


def rings(rig: Rig, user: str) -> list[float]:
    """When somebody's phone rang, by the sandbox's clock."""
    return [float(each.ts) for each in rig.sandbox.slack.workspace.pushes if each.user == user]


async def test_a_crowd_of_alerts_rings_once_in_five_minutes(redis_url: str) -> None:
    """The first rings as always; the others are one message, posted five minutes later and edited from then on."""
    async with a_rig(redis_url, PEOPLE) as rig:
        await pour(rig, [Customer(n, text) for n, text in enumerate(TROUBLES)])
        await wait_until(lambda: len(rig.cards()) == len(TROUBLES), "all have cards", within_s=40)
        rig.sandbox.clock.skip(46 * MINUTE)
        await wait_until(lambda: len(rings(rig, ANA)) == 1, "the first rings")
        (alert,) = rig.direct(ANA)
        assert "hark:claim:v1" in str(alert.blocks)
        assert "due soon" in alert.text

        async def all_gathered() -> bool:
            return len(await rig.service.store.rings.gathered(ANA)) == len(TROUBLES) - 1

        await wait_until(all_gathered, "the others are gathered", within_s=20)
        assert len(rings(rig, ANA)) == 1
        rig.sandbox.clock.skip(5 * MINUTE)
        await wait_until(lambda: gathered(rig, ANA), "they become one message")
        (summary,) = gathered(rig, ANA)
        assert summary.text.startswith("6 more cases wait\n• ")
        rig.sandbox.clock.skip(10 * MINUTE)
        await wait_until(lambda: len(rings(rig, ANA)) == 3, "the first breach rings")
        rig.sandbox.clock.skip(MINUTE)
        direct = rig.sandbox.slack.direct(ANA)
        await wait_until(
            lambda: "overdue" in rig.sandbox.slack.message(direct, summary.ts).text, "the message is edited in place"
        )
        rig.sandbox.clock.skip(90 * MINUTE)
        await wait_until(lambda: rings(rig, CHLOE), "the manager hears of it")
        await wait_until(lambda: rings(rig, ANA)[3:], "and so does who is on call")
        for user in (ANA, CHLOE):
            assert all(after - before >= 299 for before, after in pairwise(sorted(rings(rig, user))))
        assert len(gathered(rig, ANA)) == 1


async def test_what_is_settled_leaves_the_message(redis_url: str) -> None:
    """Cases that are closed are not counted any more; in the end the message says that nothing is left."""
    async with a_rig(redis_url, PEOPLE) as rig:
        await pour(rig, [Customer(n, text) for n, text in enumerate(TROUBLES[:3])])
        await wait_until(lambda: len(rig.cards()) == 3, "all have cards", within_s=20)
        rig.sandbox.clock.skip(46 * MINUTE)
        await wait_until(lambda: len(rings(rig, ANA)) == 1, "the first rings")

        async def both() -> bool:
            return len(await rig.service.store.rings.gathered(ANA)) == 2

        await wait_until(both, "the others are gathered")
        rig.sandbox.clock.skip(5 * MINUTE)
        await wait_until(lambda: gathered(rig, ANA), "they become one message")
        (summary,) = gathered(rig, ANA)
        direct = rig.sandbox.slack.direct(ANA)
        for card in rig.cards():
            await rig.choose(BEN, card.ts, "dismiss")
            await rig.send(BEN)
            await rig.shows(card.ts, "not for us")
        rig.sandbox.clock.skip(MINUTE)
        await wait_until(
            lambda: "settled" in rig.sandbox.slack.message(direct, summary.ts).text, "the message says so", within_s=20
        )
        assert len(rings(rig, ANA)) == 2


async def test_two_alerts_far_apart_ring_as_always(redis_url: str) -> None:
    """Nothing is gathered where nothing comes in a crowd, and the line in the channel calls who is on call."""
    async with a_rig(redis_url, PEOPLE) as rig:
        await pour(rig, [Customer(1, TROUBLES[0])])
        await wait_until(lambda: len(rig.cards()) == 1, "the card stands")
        for minutes, count in ((46, 1), (15, 2), (30, 3), (30, 4)):
            rig.sandbox.clock.skip(minutes * MINUTE)
            await wait_until(lambda count=count: len(rings(rig, ANA)) == count, f"{count} rings")  # type: ignore[misc]
        rig.sandbox.clock.skip(30 * MINUTE)
        await wait_until(lambda: rings(rig, CHLOE), "the manager hears of it")

        def calls() -> list[Message]:
            return [each for each in rig.sandbox.slack.messages(CARE) if "Still no answer" in each.text]

        await wait_until(calls, "and the channel")
        assert len(calls()) == 1
        assert f"<@{ANA}>" in calls()[0].text
        assert not gathered(rig, ANA)
        assert rig.sandbox.clock.offset > timedelta(hours=2)
