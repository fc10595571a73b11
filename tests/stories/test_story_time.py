"""What time does, end to end: warnings, breaches, escalation, lapsing claims, the hourly message."""

from bot.services.hourly import HOUR, HOUR_NAME, HOURLY, next_hour
from bot.store.keys import TIMERS
from sandbox.slack.model import Message
from tests.support.rig import ANA, BEN, CARE, CHLOE, Rig, a_rig
from tests.support.waiting import wait_until

PEOPLE = {"SLACK_ALERT_USERS": ANA, "HARK_MANAGER_USERS": CHLOE}
MINUTE = 60.0


async def alert(rig: Rig, user: str, words: str) -> Message:
    """The direct message with these words and with buttons, once it stands."""

    def found() -> list[Message]:
        return [
            each for each in rig.direct(user) if words in each.text + str(each.blocks) and "hark:" in str(each.blocks)
        ]

    await wait_until(found, f"{user} hears {words!r}", within_s=20)
    return found()[-1]


async def test_warning_breach_and_escalation_reach_the_right_people(redis_url: str) -> None:
    """On-call is warned and told of the breach; managers and the channel hear of the escalation, once each."""
    async with a_rig(redis_url, PEOPLE) as rig:
        card = await rig.complains()
        rig.sandbox.clock.skip(46 * MINUTE)
        await rig.shows(card.ts, "Due soon")
        await alert(rig, ANA, "A first word is due soon")
        rig.sandbox.clock.skip(15 * MINUTE)
        await rig.shows(card.ts, "Overdue")
        await alert(rig, ANA, "The first word is late")
        rig.sandbox.clock.skip(90 * MINUTE)
        await alert(rig, CHLOE, "Still no answer")
        await wait_until(
            lambda: sum("Still no answer" in each.text for each in rig.sandbox.slack.messages(CARE)) == 1,
            "the channel hears of it",
        )
        with_buttons = [each for each in rig.direct(ANA) if "hark:claim:v1" in str(each.blocks)]
        assert len(with_buttons) == 1


async def test_the_alert_has_working_buttons_and_both_copies_stay_in_step(redis_url: str) -> None:
    """Claiming from the direct message shows on the card in the channel too."""
    async with a_rig(redis_url, PEOPLE) as rig:
        card = await rig.complains()
        rig.sandbox.clock.skip(46 * MINUTE)
        message = await alert(rig, ANA, "due soon")
        direct = rig.sandbox.slack.direct(ANA)
        await rig.press(ANA, message.ts, "hark:claim:v1", direct)
        await rig.shows(message.ts, "Claimed by Ana", direct)
        await rig.shows(card.ts, "Claimed by Ana")


async def test_a_claim_asks_and_lapses_or_is_renewed(redis_url: str) -> None:
    """Ben says he is still on it; the next time he does not, and the case is free again."""
    async with a_rig(
        redis_url, {**PEOPLE, "HARK_ANSWER_TARGET_MINUTES": "600", "HARK_ACK_TARGET_MINUTES": "600"}
    ) as rig:
        card = await rig.complains()
        await rig.press(BEN, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ben")
        rig.sandbox.clock.skip(26 * MINUTE)
        asked = await alert(rig, BEN, "Still on it")
        await rig.shows(card.ts, "asked whether")
        await rig.press(BEN, asked.ts, "hark:confirm-claim:v1", rig.sandbox.slack.direct(BEN))
        await wait_until(lambda: "asked whether" not in rig.text_of(card.ts), "the card shows the renewed claim")
        rig.sandbox.clock.skip(26 * MINUTE)
        await rig.shows(card.ts, "asked whether")
        rig.sandbox.clock.skip(6 * MINUTE)
        await rig.shows(card.ts, "hark:claim:v1")
        await wait_until(lambda: any("lapsed" in line for line in rig.lines()), "the thread says so")


async def test_the_hourly_message_is_one_and_edited(redis_url: str) -> None:
    """Posted when something waits, edited an hour later, never twice on one day."""
    async with a_rig(redis_url, {"HARK_ANSWER_TARGET_MINUTES": "6000", "HARK_ACK_TARGET_MINUTES": "6000"}) as rig:
        await rig.complains()
        to_midnight = 24 * 60 - rig.sandbox.clock.now().hour * 60 - rig.sandbox.clock.now().minute
        rig.sandbox.clock.skip((to_midnight + 1) * MINUTE)

        def hourly() -> list[Message]:
            return [each for each in rig.sandbox.slack.messages(CARE) if "waits for an answer" in each.text]

        await wait_until(hourly, "the hourly message stands", within_s=20)
        rig.sandbox.clock.skip(60 * MINUTE)
        rig.square.post("rosadiaz", "@acme.square.test where is my refund?")
        await rig.card("where is my refund")
        rig.sandbox.clock.skip(60 * MINUTE)

        def edited() -> list[Message]:
            return [each for each in rig.sandbox.slack.messages(CARE) if "2 customers wait" in each.text]

        await wait_until(edited, "the message is edited", within_s=20)
        day = [each for each in rig.sandbox.slack.messages(CARE) if "for an answer" in each.text]
        assert len(day) <= 2


async def test_an_answer_in_time_leaves_everybody_in_peace(redis_url: str) -> None:
    """After the reply no timer rings, however much time passes."""
    async with a_rig(redis_url, PEOPLE) as rig:
        card = await rig.complains()
        await rig.press(BEN, card.ts, "hark:reply:v1")
        await rig.send(BEN, "It is on its way to you", signature="^BO")
        await rig.shows(card.ts, "read back")
        rig.sandbox.clock.skip(20 * 60 * MINUTE)
        await wait_until(lambda: rig.sandbox.slack.calls_of("chat.update"), "the queues have run")
        assert not [each for each in rig.sandbox.slack.workspace.pushes if each.reason in ("dm", "mention")]


async def test_likes_of_several_hours_are_told_with_their_span(redis_url: str) -> None:
    """Nobody wrote the message for three hours: what came in them is not said to have come in the last one."""
    async with a_rig(redis_url) as rig:
        clock, store = rig.sandbox.clock, rig.service.store
        notes = store.notes

        async def scheduled() -> bool:
            return await store.link.do("ZSCORE", store.timers.keys.due(0, TIMERS)[0], HOURLY) is not None

        await wait_until(scheduled, "the message is to be written", within_s=20)
        clock.skip((next_hour(clock.now()) - clock.now()).total_seconds())
        at = clock.now()
        await notes.add_to_digest(at.strftime(HOUR_NAME), "like-1", "Eve liked")
        clock.skip((next_hour(at) + 2 * HOUR - at).total_seconds())

        def told() -> str:
            return "".join(str(each.blocks) for each in rig.sandbox.slack.messages(CARE) if "Eve liked" in str(each))

        await wait_until(told, "the hourly message tells of it", within_s=20)
        assert "1 like, repost or follow in the last 3 hours" in told()
