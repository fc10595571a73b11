"""What kills every process that begins with it is set aside and told of, and everybody else is heard."""

from bot.domain.dead import DEADLY as WORDS
from bot.domain.dead import TRIES
from tests.stories.test_story_crash import TO_THE_WARNING_S, Stage, a_stage
from tests.support.crashing import DEADLY, DEADLY_CARD
from tests.support.rig import CARE
from tests.support.stores import a_store

BESIDE = ("my bag is lost", "the train is late", "nobody answers")
AFTERWARDS = "is anybody there"
ASIDE_S = 3600


def has_cards(stage: Stage, *words: str) -> bool:
    """Whether each of these posts has one card."""
    shown = [stage.text_of(card.ts) for card in stage.cards()]
    return all(sum(each in text for text in shown) == 1 for each in words)


async def test_a_post_that_kills_is_set_aside(redis_url: str) -> None:
    """It comes among others, and kills as often as it is read: they have their cards, and so has who comes later."""
    async with a_stage(redis_url, "") as stage:
        for words in (BESIDE[0], DEADLY, *BESIDE[1:]):
            stage.square.post("jamalreed", f"@acme.square.test {words}")
        await stage.look(lambda: has_cards(stage, *BESIDE), "all others have their cards")
        async with a_store(redis_url) as store:

            async def letters() -> list[str]:
                return [each.error for each in await store.dead.newest(9) if DEADLY.encode() in each.raw.body]

            await stage.look(letters, "it is a dead letter")
            assert await letters() == [WORDS]
        assert stage.bot.deaths == TRIES, stage.bot.said[-8000:]
        stage.square.post("jamalreed", f"@acme.square.test {AFTERWARDS}")
        await stage.look(lambda: has_cards(stage, *BESIDE, AFTERWARDS), "who comes later has a card")
        assert stage.bot.deaths == TRIES


async def test_a_card_that_kills_is_set_aside(redis_url: str) -> None:
    """Workers die of it whenever its promise draws near: it is named in Slack, tried again after an hour, and keeps
    nobody else waiting."""
    async with a_stage(redis_url, "") as stage:
        for words in (BESIDE[0], DEADLY_CARD, *BESIDE[1:]):
            stage.square.post("jamalreed", f"@acme.square.test {words}")
        await stage.look(lambda: has_cards(stage, *BESIDE, DEADLY_CARD), "all have their cards")
        stage.sandbox.clock.skip(TO_THE_WARNING_S)

        async def wait_a_minute() -> None:
            stage.sandbox.clock.skip(60)

        await stage.until(lambda: stage.bot.deaths == TRIES, "it is tried so often", wait_a_minute)
        await stage.look(lambda: told_of(stage), "it is told")
        stage.square.post("jamalreed", f"@acme.square.test {AFTERWARDS}")
        await stage.look(lambda: has_cards(stage, *BESIDE, DEADLY_CARD, AFTERWARDS), "who comes later has a card")
        assert stage.bot.deaths == TRIES, stage.bot.said[-8000:]
        stage.sandbox.clock.skip(ASIDE_S)
        await stage.look(lambda: stage.bot.deaths == TRIES + 1, "it is tried again")
        assert has_cards(stage, *BESIDE, DEADLY_CARD, AFTERWARDS)


def told_of(stage: Stage) -> bool:
    """Whether it was said once that workers die of a card."""
    said = [each.text for each in stage.sandbox.slack.messages(CARE)]
    return sum(f"Workers die of a card: {TRIES - 1} began with it" in text for text in said) == 1
