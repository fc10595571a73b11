"""How an account is doing: no source hides another's trouble, and what is over is not told."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.models import Health
from bot.services.health import NOTHING_YET, Fact, together
from tests.support.cases import NOON


def fact(source: str, *, ok: bool = True, text: str = "", mend: str = "", after: int = 0, ends: int = 0) -> Fact:
    """What was learnt from a source so many minutes after noon; `ends` in days."""
    end = NOON + timedelta(days=ends) if ends else None
    health = Health(ok=ok, summary=text or f"{source} fine", mend=mend, expires_at=end)
    return Fact(source=source, health=health, at=NOON + timedelta(minutes=after))


def test_nothing_known_is_said_so() -> None:
    """Before the first poll."""
    assert together([]) == NOTHING_YET


def test_a_good_source_does_not_hide_a_bad_one() -> None:
    """Whatever came later: each trouble once, with its mends."""
    found = together(
        [
            fact("mentions", ok=False, text="the token has expired", mend="renew it"),
            fact("search", ok=False, text="the token has expired", mend="renew it"),
            fact("messages", ok=False, text="no permission", mend="grant it"),
            fact("webhook", after=5),
            fact("check", after=9),
        ]
    )
    assert found == Health(ok=False, summary="the token has expired · no permission", mend="renew it · grant it")


def test_a_trouble_ends_with_the_next_good_word_of_its_source() -> None:
    """The newest good word of a poll is shown, with the warnings of the check and the earliest end."""
    found = together(
        [fact("mentions"), fact("search", after=3, ends=9), fact("check", mend="subscribe to likes", after=9, ends=4)]
    )
    assert found == Health(
        ok=True, summary="search fine", mend="subscribe to likes", expires_at=NOON + timedelta(days=4)
    )
    assert together([fact("check", text="signed in")]).summary == "signed in"
    assert together([fact("check", text="signed in"), fact("sends", after=4)]).summary == "signed in"


def test_a_failed_answer_is_trouble_until_a_check_finds_all_well() -> None:
    """Nobody may send anything for days: the account is not called broken all that time."""
    bad = fact("sends", ok=False, text="the token has expired", after=5)
    assert not together([fact("check"), bad]).ok
    assert not together([bad]).ok
    both = together([bad, fact("check", ok=False, text="no answer", after=9)])
    assert both == Health(ok=False, summary="the token has expired · no answer")
    assert together([fact("check", after=9), bad]).ok


sources = st.sampled_from(["mentions", "search", "check", "sends"])
facts = st.builds(fact, sources, ok=st.booleans(), text=st.sampled_from("abc"), after=st.integers(0, 9))


@given(st.lists(facts, min_size=1, max_size=6))
def test_the_order_of_reading_does_not_matter_for_the_verdict(found: list[Fact]) -> None:
    """Any facts in any order."""
    verdict = together(found)
    assert verdict.ok == together(found[::-1]).ok
    assert verdict.summary
