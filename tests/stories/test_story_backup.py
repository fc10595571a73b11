"""Redis comes back as it was some minutes ago, as after a backup was restored: what is there once, and what twice."""

from bot.store.connect import Link
from tests.support.rig import ANA, COMPLAINT, Rig, a_rig
from tests.support.waiting import wait_until

MINUTE = 60.0
REPLY = "It is on its way to you"


async def a_backup(link: Link) -> dict[bytes, bytes]:
    """All that Redis holds."""
    keys = await link.do("KEYS", "*")
    return {key: dump for key in keys if (dump := await link.do("DUMP", key)) is not None}


async def restore(link: Link, backup: dict[bytes, bytes]) -> None:
    """Redis holds that and nothing else; what would have expired meanwhile stays a little longer."""
    await link.do("FLUSHALL")
    await link.many([("RESTORE", key, 600_000, dump, "REPLACE") for key, dump in backup.items()])


async def stands(rig: Rig) -> None:
    """The reply stands on the network."""
    await wait_until(lambda: any(REPLY in post for post in rig.brand_posts()), "the reply stands", within_s=20)


async def test_a_reply_that_went_out_since_is_not_sent_again_and_new_words_come_in_again(redis_url: str) -> None:
    """The backup knows the reply as queued; Rosa wrote since, and is heard again: her case has a card."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "60"}) as rig:
        rig.square.post("jamalreed", COMPLAINT)
        card = await rig.card("my bag is lost")
        await rig.press(ANA, card.ts, "hark:reply:v1")
        await rig.send(ANA, REPLY, signature="^AK")
        await rig.shows(card.ts, "goes out at")
        backup = await a_backup(rig.service.store.link)
        rig.sandbox.clock.skip(61)
        await stands(rig)
        rig.square.post("rosadiaz", "@acme.square.test where is my refund?")
        await rig.card("where is my refund")
        await restore(rig.service.store.link, backup)
        rig.sandbox.clock.skip(10 * MINUTE)
        await rig.shows(card.ts, "read back")

        def heard_again() -> bool:
            return sum("where is my refund" in str(each.blocks) for each in rig.cards()) == 2

        await wait_until(heard_again, "Rosa's words come in again", within_s=20)
        assert sum(REPLY in post for post in rig.brand_posts()) == 1
