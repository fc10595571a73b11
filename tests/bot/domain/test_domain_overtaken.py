"""What a colleague told the customer since somebody began to write is shown before the Send counts."""

from collections.abc import Callable

import pytest

from bot.domain.case import Case, Person, Purpose, SendState
from bot.domain.decisions import Decision, Refused
from bot.domain.lifecycle import close, dismiss
from bot.domain.models import Author
from bot.domain.overtaking import Seen, meanwhile, overtaken_by, seen_of
from bot.domain.replying import SENDS_KEPT, Draft, Outgoing, queue, undo
from tests.support.cases import ANA, BEN, NOON, a_case, a_send, an_item
from tests.support.decisions import case_of, refused
from tests.support.policies import a_policy

POLICY = a_policy()


def sends(case: Case, by: Person, id_: str, text: str = "On its way", seen: Seen | None = None) -> Decision:
    """Somebody presses Send."""
    draft = Draft(id=id_, purpose=Purpose.REPLY, private=False, text=text)
    return queue(case, Outgoing(by=by, drafts=(draft,), seen=seen), NOON, POLICY)


def news_for(case: Case, by: Person, seen: Seen) -> str:
    """What somebody is shown before sending."""
    send = overtaken_by(case, by, seen.send)
    return send.text if send else ""


def test_a_colleagues_answer_stops_the_first_send() -> None:
    """Ben opened his form before Ana's answer: he is shown hers, and may send once he has seen it."""
    case = case_of(sends(a_case(), ANA, "s1"))
    answer = sends(case, BEN, "s2", seen=Seen())
    assert isinstance(answer, Refused)
    assert (answer.code, answer.text) == ("overtaken", f"{ANA.name} answered meanwhile: “On its way”")
    assert len(case_of(sends(case, BEN, "s2", seen=seen_of(case))).sends) == 2


def test_ones_own_earlier_send_is_no_surprise() -> None:
    """Ana may send twice in a row."""
    case = case_of(sends(a_case(), ANA, "s1"))
    assert len(case_of(sends(case, ANA, "s2", seen=Seen())).sends) == 2


def test_words_in_the_place_of_others_that_were_taken_back_are_news() -> None:
    """Ben saw Ana's answer; she took it back and sent another one, which he has not seen."""
    case = case_of(sends(a_case(), ANA, "s1"))
    seen = seen_of(case)
    assert news_for(case, BEN, seen) == ""
    case = case_of(undo(case, "s1", ANA, NOON))
    assert news_for(case, BEN, seen) == ""
    case = case_of(sends(case, ANA, "s2", "Better words"))
    assert news_for(case, BEN, seen) == "Better words"
    assert news_for(case, ANA, seen) == ""


@pytest.mark.parametrize("more", [1, SENDS_KEPT, SENDS_KEPT + 1])
def test_in_a_long_conversation_a_colleagues_answer_is_news(more: int) -> None:
    """Old sends are dropped as new ones come: what follows the one he saw is news, be that one still there or not."""
    old = tuple(a_send(id=f"old-{n}", state=SendState.SENT) for n in range(SENDS_KEPT))
    case = a_case(sends=old)
    seen = seen_of(case)
    assert news_for(case, BEN, seen) == ""
    for n in range(more):
        case = case_of(sends(case, ANA, f"new-{n}", f"Answer {n}"))
        case = case.model_copy(
            update={"sends": tuple(send.model_copy(update={"state": SendState.SENT}) for send in case.sends)}
        )
    assert news_for(case, BEN, seen) == f"Answer {more - 1}"


def with_words(case: Case, *texts: str, **changes: object) -> Case:
    """The case after the customer wrote some more."""
    for text in texts:
        item = an_item(text, seq=case.item_count + 1, id=f"more-{case.item_count}", **changes)
        case = case.model_copy(update={"items": (*case.items, item), "item_count": item.seq})
    return case


def test_the_customers_newer_words_stop_the_first_send() -> None:
    """Ana is shown the newest of them, and may send once she has seen it; nobody else's answer hides behind them."""
    before = a_case()
    case = with_words(before, "Hello?", "And my other bag?")
    answer = sends(case, ANA, "s1", seen=seen_of(before))
    assert isinstance(answer, Refused)
    assert (answer.code, answer.text) == ("overtaken", "Carla wrote meanwhile: “And my other bag?”")
    assert len(case_of(sends(case, ANA, "s1", seen=seen_of(case))).sends) == 1
    assert "Ana answered meanwhile" in meanwhile(case_of(sends(case, ANA, "s1")), BEN, seen_of(before))


def test_private_words_are_quoted_without_anybodys_data() -> None:
    """What Ana wrote in private is masked like everywhere else in Slack."""
    told = a_send(by=ANA, private=True, text="Is carla@mail.example still your address?")
    assert meanwhile(a_case(sends=(told,)), BEN, Seen()).startswith("Ana answered meanwhile: “Is ")
    assert "carla@mail" not in meanwhile(a_case(sends=(told,)), BEN, Seen())
    public = told.model_copy(update={"private": False, "text": "Write to care@hark.example"})
    assert meanwhile(a_case(sends=(public,)), BEN, Seen()) == "Ana answered meanwhile: “Write to care@hark.example”"


def test_an_answer_that_was_taken_back_is_no_news() -> None:
    """Ben opened his form before Ana pressed Send, and she took it back: no customer will read it."""
    case = case_of(undo(case_of(sends(a_case(), ANA, "s1")), "s1", ANA, NOON))
    assert meanwhile(case, BEN, Seen()) == ""


def test_of_a_thank_you_with_a_like_the_words_are_news() -> None:
    """The like goes out after the words and says nothing: Ben is shown what Ana wrote, not an empty quotation."""
    thanks = Draft(id="s1", purpose=Purpose.THANK, private=False, text="You made our day")
    like = Draft(id="s1~", purpose=Purpose.LIKE, private=False, text="", after="s1")
    case = case_of(queue(a_case(), Outgoing(by=ANA, drafts=(thanks, like)), NOON, POLICY))
    assert meanwhile(case, BEN, Seen()) == "Ana answered meanwhile: “You made our day”"


def test_a_long_answer_is_quoted_in_part() -> None:
    """A form has room for a few lines below a field."""
    told = a_send(by=ANA, text="We have looked into it. " * 40)
    assert meanwhile(a_case(sends=(told,)), BEN, Seen()).endswith("…”")
    assert len(meanwhile(a_case(sends=(told,)), BEN, Seen())) < 250


def test_whoever_wrote_is_named() -> None:
    """In a topic with several customers it need not be the one whose case it is."""
    dora = Author(id="did:plc:dora", handle="dora.example", name="Dora")
    case = with_words(a_case(), "Me too", author=dora)
    assert meanwhile(case, ANA, seen_of(a_case())) == "Dora wrote meanwhile: “Me too”"


def test_an_answer_that_failed_is_not_told_as_one_that_the_customer_has() -> None:
    """Ben hears of Ana's words, for she may press Retry; he is not to think that the customer has been answered."""
    failed = a_send(by=ANA, text="On its way", state=SendState.FAILED)
    assert meanwhile(a_case(sends=(failed,)), BEN, Seen()) == "Ana tried to answer meanwhile: “On its way”"


def closes(case: Case, seen: Seen) -> Decision:
    """Ana presses Close."""
    return close(case, ANA, "solved", NOON, seen=seen)


def dismisses(case: Case, seen: Seen) -> Decision:
    """Ana says that it is not for us."""
    return dismiss(case, ANA, NOON, seen=seen)


@pytest.mark.parametrize("put_away", [closes, dismisses])
def test_a_case_is_not_put_away_over_words_that_nobody_read(put_away: Callable[[Case, Seen], Decision]) -> None:
    """They would wait for an answer with no clock running; and what is put away is so once."""
    before = a_case()
    case = with_words(before, "Hello?")
    told = refused(put_away(case, seen_of(before)))
    assert (told.code, "Carla wrote meanwhile: “Hello?”" in told.text) == ("overtaken", True)
    away = case_of(put_away(case, seen_of(case)))
    assert not away.is_open
    assert refused(put_away(away, seen_of(away))).code == "closed"


def test_words_that_were_taken_back_and_forms_that_count_none_stop_nobody() -> None:
    """A deleted comment is no news; nor is anything to a form that an earlier version of Hark opened."""
    before = a_case()
    assert meanwhile(with_words(before, "", deleted=True), ANA, seen_of(before)) == ""
    assert meanwhile(with_words(before, "Hello?"), ANA, Seen(items=0)) == ""
    assert meanwhile(with_words(before, "Hello?"), ANA, None) == ""
    assert "an attachment" in meanwhile(with_words(before, ""), ANA, seen_of(before))
