"""Words that somebody hid on the network, or showed again, before anybody had told of the words."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.domain.models import Event, Hidden
from bot.store.store import Store
from tests.support.cases import NOON, a_key, an_interaction
from tests.support.intake import an_intake, takes_in, told
from tests.support.stores import a_store

POST, COMMENT = "post-1", "comment-2"


def happens(word: str) -> Event:
    """ "post", "comment" (below it), or what became of the comment: "hidden 1" in minute 1, "shown 2" in minute 2."""
    what, _, minute = word.partition(" ")
    if not minute:
        return an_interaction(what, id=POST if what == "post" else COMMENT, hideable=True)
    return Hidden(id=COMMENT, key=a_key(), hidden=what == "hidden", at=NOON + timedelta(minutes=int(minute)))


async def are_told(store: Store, *words: str) -> None:
    """A delivery each."""
    worker = an_intake(store, told(lambda raw: [happens(raw.body.decode())]))
    for word in words:
        await takes_in(worker, store, word)


async def is_hidden(store: Store) -> bool:
    """Whether the comment is known to be hidden."""
    case = await store.cases.load(a_key().id)
    assert case is not None
    (comment,) = (item for item in case.items if item.id == COMMENT)
    return comment.hidden


@pytest.mark.parametrize("before", [[], ["post"]])
@pytest.mark.parametrize(
    ("became", "hidden"),
    [
        (["hidden 1"], True),
        (["hidden 1", "shown 2"], False),
        (["shown 2", "hidden 1"], False),
        (["hidden 3", "shown 2"], True),
        (["shown 2", "hidden 3"], True),
    ],
)
async def test_what_became_of_words_before_they_came_is_known_of_them(
    redis_url: str, before: Sequence[str], became: Sequence[str], *, hidden: bool
) -> None:
    """Whether there is a case already or not: what happened last counts, in whatever order it was told."""
    async with a_store(redis_url) as store:
        await are_told(store, *before, *became, "comment")
        assert await is_hidden(store) is hidden


async def test_it_is_known_wherever_the_words_stand(redis_url: str) -> None:
    """Who told of the hiding did not know the whole conversation, and named another one."""
    async with a_store(redis_url) as store:
        elsewhere = Hidden(id=COMMENT, key=a_key("comment-2"), hidden=True, at=NOON)
        await takes_in(an_intake(store, told(lambda _raw: [elsewhere])), store, "hidden")
        await are_told(store, "comment")
        assert await is_hidden(store)
