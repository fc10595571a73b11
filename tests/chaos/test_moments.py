"""The moments at which a bot is struck are recognised in what it says to its server."""

from bot.domain.case import Case, SendState
from bot.domain.decisions import Change
from bot.domain.models import Sent
from bot.domain.ports import Posted
from bot.domain.posting import Shown, attempting, placed
from bot.domain.sending import begin
from bot.store.brief import brief
from tests.chaos.run import MOMENTS
from tests.support.cases import NOON, a_card, a_case, a_send


def found(case: Case) -> set[str]:
    """The moments that a watcher of the line to the server sees in the writing of this case."""
    doc = brief(case).encode()
    return {name for name, (pattern, line) in MOMENTS.items() if line == "server" and pattern.search(doc)}


def test_a_reply_is_seen_when_it_is_queued_and_when_it_is_sent() -> None:
    """Whatever answering takes; and not any more once it stands."""
    for ref in ({}, {"uri": "at://carla/post-1"}):
        queued = a_case(sends=(a_send(ref=ref),))
        assert found(queued) == {"queued"}
        begun = begin(queued, "send-1", NOON)
        assert isinstance(begun, Change)
        assert found(begun.case) == {"sending"}
    assert found(a_case(sends=(a_send(state=SendState.SENT, external_id=Sent(id="r").id),))) == set()


def test_a_message_is_seen_while_it_is_being_posted() -> None:
    """From the noting of its attempt until it stands."""
    wanted = a_case(posts=(a_card(),))
    assert found(wanted) == set()
    posting = attempting(wanted, "card", "1772625600519-c79281a7")
    assert isinstance(posting, Change)
    assert found(posting.case) == {"posting"}
    stands = placed(posting.case, "card", Posted("C0CARE0001", "1.2"), Shown(digest="d", version=0), NOON)
    assert isinstance(stands, Change)
    assert found(stands.case) == set()
