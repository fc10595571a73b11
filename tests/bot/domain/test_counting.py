"""What a case adds to the counts from which it is told how fast customers were answered."""

from collections import Counter
from datetime import datetime, time, timedelta

import pytest

from bot.domain.agenda import indexes
from bot.domain.calendar import Calendar, Span
from bot.domain.case import Case, Cycle, MarkName, Purpose, SendState
from bot.domain.counting import Count, What, changes
from bot.domain.decisions import Change, Decision
from bot.domain.lifecycle import close, dismiss, reopen
from bot.domain.models import EARLIEST, LATEST, Kind, SendReport, Sent
from bot.domain.passing import pass_time
from bot.domain.percentiles import bucket
from bot.domain.reading import Reading
from bot.domain.receiving import completed, deleted, receive
from bot.domain.sending import reported, sent
from bot.domain.topics import MARK
from tests.support.cases import ANA, NOON, a_case, a_send, an_item
from tests.support.policies import a_policy

POLICY = a_policy()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TODAY, TOMORROW = "2026-03-04", "2026-03-05"


class Life:
    """A case that goes from change to change, and what it has added to the counts of each day."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.days: dict[str, Counter[str]] = {}
        assert not changes(None, case), "a new case costs nothing"

    def then(self, decision: Decision) -> "Life":
        """The next change."""
        assert isinstance(decision, Change), decision
        for day, amounts in changes(self.case, decision.case).items():
            assert all(amounts.values())
            counts = self.days.setdefault(day, Counter())
            counts.update(amounts)
        self.case = decision.case
        return self

    def says(self, at: datetime, **fields: object) -> "Life":
        """Something that staff wrote a minute before stands."""
        send = a_send(state=SendState.SENDING, created_at=at - MINUTE, **fields)
        self.case = self.case.model_copy(update={"sends": (*self.case.sends, send)})
        return self.then(sent(self.case, send.id, Sent(id=send.id), at, POLICY))

    def counted(self, day: str = TODAY) -> dict[str, int]:
        """What the counts of a day say of speed."""
        return {name: amount for name, amount in self.days.get(day, {}).items() if amount and MARK not in name}


def did_not_arrive(life: Life, send: str, at: datetime) -> Life:
    """The network says late that a send did not reach the customer."""
    report = SendReport(send=send, key=life.case.key, ok=False, reason="undeliverable", at=at)
    return life.then(reported(life.case, report, POLICY))


def times(what: str, minutes: float, *, desk: float | None = None) -> dict[str, int]:
    """One customer in the counts of a time, by both clocks."""
    clocks = {"desk": minutes if desk is None else desk, "customer": minutes}
    return {f"square:{what}-{clock}:{bucket(60 * took)}": 1 for clock, took in clocks.items()}


ANSWERED = {**times("word", 20), **times("answer", 20), "square:kept:0": 1}


def test_an_answer_is_counted_once_by_both_clocks() -> None:
    """It was also the first word; a second answer adds nothing."""
    life = Life(a_case()).says(NOON + 20 * MINUTE)
    assert life.counted() == ANSWERED
    assert life.says(NOON + 30 * MINUTE, id="send-2").counted() == ANSWERED


def test_a_first_word_is_no_answer() -> None:
    """ "We are on it" after ten minutes, the answer after an hour and a half."""
    life = Life(a_case()).says(NOON + 10 * MINUTE, id="word", purpose=Purpose.ACKNOWLEDGE)
    assert life.counted() == times("word", 10)
    life.says(NOON + 90 * MINUTE)
    assert life.counted() == {**times("word", 10), **times("answer", 90), "square:kept:0": 1}


def test_each_is_counted_on_its_own_day() -> None:
    """The word today, the answer tomorrow: too late, and the miss is counted with the answer."""
    life = Life(a_case()).says(NOON + 10 * MINUTE, id="word", purpose=Purpose.ACKNOWLEDGE).says(NOON + DAY)
    assert life.counted() == times("word", 10)
    assert life.counted(TOMORROW) == {**times("answer", 24 * 60), "square:broken:0": 1}


def test_the_desk_counts_business_time_since_it_could_know_the_customer_all_of_it() -> None:
    """Posted two hours before a sweep found it, in the evening, with the desk closed until nine."""
    desk = Calendar(spans=tuple(Span(weekday=day, opens=time(9), closes=time(18)) for day in range(7)))
    seen = NOON + 5 * HOUR
    case = a_case(cycle=Cycle(n=1, posted_at=seen - 2 * HOUR, seen_at=seen))
    send = a_send(state=SendState.SENDING, created_at=seen)
    life = Life(case.model_copy(update={"sends": (send,)}))
    policy = a_policy(calendar=desk)
    life.then(sent(life.case, send.id, Sent(id="there"), seen + 17 * HOUR, policy))
    both = {**times("word", 19 * 60, desk=120), **times("answer", 19 * 60, desk=120)}
    assert {name: n for name, n in life.counted(TOMORROW).items() if "desk" in name or "customer" in name} == both


@pytest.mark.parametrize("posted_at", [EARLIEST, LATEST, NOON + 10 * MINUTE])
def test_a_network_that_does_not_know_when_it_was_posted_makes_no_time_up(posted_at: datetime) -> None:
    """The year 1 or 9999 stands for no time, and a clock may be ahead: the customer waits since Hark saw the words."""
    life = Life(a_case(cycle=Cycle(n=1, posted_at=posted_at, seen_at=NOON)))
    assert life.says(NOON + 20 * MINUTE).counted() == ANSWERED


@pytest.mark.parametrize("purpose", [Purpose.LIKE, Purpose.NOTICE])
def test_what_answers_nothing_is_not_counted(purpose: Purpose) -> None:
    """A like, or a public line, stops no clock."""
    assert not Life(a_case()).says(NOON + MINUTE, purpose=purpose).days


def test_an_answer_that_nobody_waited_for_is_not_counted() -> None:
    """A bare search hit is answered at leisure, twice; of the two the second arrived. Nor is it missed."""
    case = a_case(wait=None, items=(an_item(kind=Kind.MATCH),))
    life = Life(case).says(NOON + 5 * HOUR).says(NOON + 6 * HOUR, id="send-2")
    assert not did_not_arrive(life, "send-1", NOON + 7 * HOUR).days
    later = NOON + 8 * HOUR
    question = an_item("And where is it?", id="post-2", posted_at=later, seen_at=later)
    life.then(receive(life.case, question, Reading(), POLICY))
    assert life.case.wait is not None
    assert not life.then(close(life.case, ANA, "solved", later + HOUR)).days


@pytest.mark.parametrize("taken_back", [False, True])
def test_the_first_words_that_want_an_answer_begin_the_time(taken_back: bool) -> None:
    """A search hit, or words that were deleted, and a day later a question: that one waits for twenty minutes."""
    life = Life(a_case() if taken_back else a_case(wait=None, items=(an_item(kind=Kind.MATCH),)))
    if taken_back:
        life.then(deleted(life.case, "post-1", NOON + MINUTE))
    asked = NOON + DAY
    words = an_item("Where is it?", id="post-2", posted_at=asked, seen_at=asked)
    life.then(receive(life.case, words, Reading(), POLICY))
    more = an_item("Hello?", id="post-3", posted_at=asked + MINUTE, seen_at=asked + MINUTE)
    life.then(receive(life.case, more, Reading(), POLICY))
    assert life.case.wait is not None
    assert (life.case.wait.since, life.case.cycle.n) == (asked, 1)
    assert life.says(asked + 20 * MINUTE).counted(TOMORROW) == ANSWERED


def test_a_return_after_closing_counts_again() -> None:
    """Each episode has its own first answer; what was counted of the one before stays."""
    life = Life(a_case()).says(NOON + 20 * MINUTE)
    life.then(close(life.case, ANA, "solved", NOON + HOUR))
    later = NOON + DAY
    life.then(receive(life.case, an_item("And now?", id="post-2", posted_at=later, seen_at=later), Reading(), POLICY))
    life.says(later + 20 * MINUTE, id="send-2")
    assert life.counted() == life.counted(TOMORROW) == ANSWERED


def test_an_answer_from_before_the_return_answers_nobody_who_came_back() -> None:
    """Send, then close; the customer writes again before it goes out. They have had no word to that, and wait."""
    life = Life(a_case(sends=(a_send(state=SendState.SENDING),)))
    life.then(close(life.case, ANA, "solved", NOON + 2 * MINUTE))
    back = NOON + 3 * MINUTE
    life.then(receive(life.case, an_item("And now?", id="post-2", posted_at=back, seen_at=back), Reading(), POLICY))
    waits = life.case.wait
    life.then(sent(life.case, "send-1", Sent(id="there"), back + MINUTE, POLICY))
    assert life.case.wait == waits
    assert (life.case.cycle.acknowledged_at, life.case.cycle.answered_at) == (None, None)
    life.says(back + 50 * MINUTE, id="send-2")
    counted = {**times("word", 50), **times("answer", 50), "square:kept:0": 1, "square:left:0": 1}
    assert life.counted() == counted
    did_not_arrive(life, "send-2", back + HOUR)
    assert life.counted() == {"square:left:0": 1}


def test_who_is_not_for_us_is_in_no_figure() -> None:
    """Dismissed after an answer it is taken out, on the days on which it was counted; reopened it is back."""
    life = Life(a_case()).says(NOON + 20 * MINUTE)
    life.then(dismiss(life.case, ANA, NOON + DAY))
    assert life.counted() == life.counted(TOMORROW) == {}
    life.then(reopen(life.case, ANA, NOON + DAY, POLICY))
    assert life.counted() == ANSWERED
    waiting = Life(a_case())
    assert not waiting.then(dismiss(waiting.case, ANA, NOON + HOUR)).days


def test_closed_on_purpose_leaves_and_is_noted() -> None:
    """No time is made up for it. Reopened it waits again, and is answered in the end."""
    life = Life(a_case())
    life.then(close(life.case, ANA, "no reply needed", NOON + 50 * MINUTE))
    assert life.counted() == {"square:left:0": 1}
    life.then(reopen(life.case, ANA, NOON + 2 * HOUR, POLICY))
    assert (life.counted(), life.case.cycle.left) == ({}, False)
    life.says(NOON + 3 * HOUR)
    assert {name for name in life.counted() if "customer" in name} == {
        f"square:{what}-customer:{bucket(3 * 3600)}" for what in ("word", "answer")
    }
    assert "square:left:0" not in life.counted()


def test_closing_does_not_hide_a_broken_promise() -> None:
    """A miss stays a miss: closed as solved without a word after the promise was broken."""
    missed = a_case().cycle.model_copy(update={"missed": (MarkName.ACK_BREACH,)})
    life = Life(a_case(cycle=missed))
    life.then(close(life.case, ANA, "solved", NOON + 3 * HOUR))
    assert life.counted() == {"square:left:0": 1, "square:broken:0": 1}


def test_closing_does_not_overtake_the_timer_of_a_broken_promise() -> None:
    """The workers stood still: what is overdue when somebody closes the case is a miss, told by a timer or not."""
    life = Life(a_case())
    life.then(close(life.case, ANA, "solved", NOON + 61 * MINUTE))
    assert life.counted() == {"square:left:0": 1, "square:broken:0": 1}
    assert life.case.cycle.missed == (MarkName.ACK_BREACH,)


@pytest.mark.parametrize("told", [False, True])
def test_words_taken_back_do_not_hide_a_broken_promise(*, told: bool) -> None:
    """Told by a timer or not, it was broken when they went. Who writes again is counted where they wait, then where
    they are answered: once."""
    missed = a_case().cycle.model_copy(update={"missed": (MarkName.ACK_BREACH,)})
    life = Life(a_case(cycle=missed) if told else a_case())
    life.then(deleted(life.case, "post-1", NOON + 61 * MINUTE))
    assert life.counted() == {"square:broken:0": 1}
    assert life.case.cycle.missed == (MarkName.ACK_BREACH,)
    life.then(close(life.case, ANA, "no reply needed", NOON + 2 * HOUR))
    assert life.counted() == {"square:broken:0": 1}
    life.then(reopen(life.case, ANA, NOON + 3 * HOUR, POLICY))
    assert (life.counted(), list(indexes(life.case))[-2:]) == ({}, ["broken", "claimed:" + ANA.id])
    life.says(NOON + DAY)
    assert life.counted(TOMORROW) == {**times("word", 24 * 60), **times("answer", 24 * 60), "square:broken:0": 1}
    assert life.counted() == {}


def test_words_taken_back_in_time_leave_nothing() -> None:
    """No promise was broken; nor is what nobody had to answer, or what is not for us."""
    life = Life(a_case())
    assert not life.then(deleted(life.case, "post-1", NOON + 59 * MINUTE)).days
    assert life.case.cycle.gone_at is None
    late = Life(a_case())
    late.then(deleted(late.case, "post-1", NOON + 61 * MINUTE))
    assert late.then(dismiss(late.case, ANA, NOON + 2 * HOUR)).counted() == {}


def test_who_writes_again_after_taking_words_back_is_counted_once() -> None:
    """The same cycle goes on: they wait, with a promise broken before."""
    life = Life(a_case())
    life.then(deleted(life.case, "post-1", NOON + 61 * MINUTE))
    later = NOON + 3 * HOUR
    words = an_item("And now?", id="post-2", posted_at=later, seen_at=later)
    life.then(receive(life.case, words, Reading(), POLICY))
    assert (life.counted(), "broken" in indexes(life.case)) == ({}, True)
    life.then(deleted(life.case, "post-2", later + MINUTE))
    assert (life.counted(), "broken" in indexes(life.case)) == ({"square:broken:0": 1}, False)


def test_who_waits_again_without_writing_is_counted_once() -> None:
    """What a search had found before turns out to call on us: the cycle stays, and somebody waits."""
    early = NOON - HOUR
    found = an_item("acme lost it", id="post-0", kind=Kind.MATCH, posted_at=early, seen_at=early)
    life = Life(a_case(items=(found, an_item())))
    life.then(deleted(life.case, "post-1", NOON + 61 * MINUTE))
    assert life.counted() == {"square:broken:0": 1}
    calls = found.model_copy(update={"kind": Kind.MENTION})
    life.then(completed(life.case, calls, POLICY))
    assert (life.counted(), "broken" in indexes(life.case)) == ({}, True)


def test_more_that_is_taken_back_later_changes_nothing() -> None:
    """The promise was broken on the day on which nobody waited any more."""
    early = NOON - HOUR
    found = an_item("acme lost it", id="post-0", kind=Kind.MATCH, posted_at=early, seen_at=early)
    life = Life(a_case(items=(found, an_item())))
    life.then(deleted(life.case, "post-1", NOON + 61 * MINUTE))
    life.then(deleted(life.case, "post-0", NOON + DAY))
    assert (life.counted(), life.counted(TOMORROW)) == ({"square:broken:0": 1}, {})


def test_words_taken_back_after_a_late_answer_that_did_not_arrive() -> None:
    """Nobody waits, and nobody was answered: what is left is the broken promise."""
    life = Life(a_case()).says(NOON + 3 * HOUR)
    life.then(deleted(life.case, "post-1", NOON + 4 * HOUR))
    assert did_not_arrive(life, "send-1", NOON + DAY).counted() == {"square:broken:0": 1}
    assert life.counted(TOMORROW) == {}
    kept = Life(a_case()).says(NOON + 20 * MINUTE)
    kept.then(deleted(kept.case, "post-1", NOON + 4 * HOUR))
    assert did_not_arrive(kept, "send-1", NOON + DAY).counted() == {}


def test_who_is_overdue_anyhow_needs_no_other_list() -> None:
    """When they are due says it: nothing more is kept for them."""
    life = Life(a_case()).then(pass_time(a_case(), NOON + 61 * MINUTE, POLICY))
    assert life.case.cycle.missed == (MarkName.ACK_BREACH,)
    assert "broken" not in indexes(life.case)


def test_words_after_the_answer_that_were_late_and_taken_back_break_its_promise() -> None:
    """They had their answer in time, and waited for another one in vain."""
    life = Life(a_case()).says(NOON + 20 * MINUTE)
    later = NOON + HOUR
    life.then(receive(life.case, an_item("And now?", id="post-2", posted_at=later, seen_at=later), Reading(), POLICY))
    life.then(deleted(life.case, "post-2", NOON + 10 * HOUR))
    assert life.counted() == {**times("word", 20), **times("answer", 20), "square:broken:0": 1}


def test_an_answer_on_its_way_when_the_case_is_closed_counts() -> None:
    """Send, then close: the undo time is not over yet."""
    send = a_send(state=SendState.SENDING)
    life = Life(a_case(sends=(send,)))
    life.then(close(life.case, ANA, "solved", NOON + 19 * MINUTE))
    life.then(sent(life.case, send.id, Sent(id="there"), NOON + 20 * MINUTE, POLICY))
    assert life.counted() == ANSWERED


def test_a_case_closed_after_its_answer_has_not_left() -> None:
    """Nor has one whose customer wrote again, and was told in another way."""
    life = Life(a_case()).says(NOON + 20 * MINUTE)
    later = NOON + HOUR
    life.then(receive(life.case, an_item("And now?", id="post-2", posted_at=later, seen_at=later), Reading(), POLICY))
    assert life.case.wait is not None
    life.then(close(life.case, ANA, "answered elsewhere", NOON + 2 * HOUR))
    assert life.counted() == ANSWERED


def test_what_did_not_arrive_is_taken_away_again() -> None:
    """The customer waits after all, since they wrote; the next answer counts from then."""
    life = did_not_arrive(Life(a_case()).says(NOON + 20 * MINUTE), "send-1", NOON + DAY)
    assert life.counted() == {}
    life.says(NOON + DAY + HOUR, id="send-2")
    assert life.counted() == {}
    assert sum(life.counted(TOMORROW).values()) == 5


def test_another_answer_that_stands_takes_its_place() -> None:
    """The second one arrived: it counts from when it went out."""
    life = Life(a_case()).says(NOON + 20 * MINUTE).says(NOON + 50 * MINUTE, id="send-2")
    did_not_arrive(life, "send-1", NOON + HOUR)
    assert life.counted() == {**times("word", 50), **times("answer", 50), "square:kept:0": 1}


def test_a_closed_case_whose_answer_did_not_arrive_has_left() -> None:
    """Nobody is waiting in any list, and no answer is made up."""
    life = Life(a_case()).says(NOON + 20 * MINUTE)
    life.then(close(life.case, ANA, "solved", NOON + HOUR))
    assert did_not_arrive(life, "send-1", NOON + 2 * HOUR).counted() == {"square:left:0": 1}


def test_what_the_version_before_answered_is_left_alone() -> None:
    """It counted nothing, so there is nothing to take away."""
    cycle = Cycle(n=1, posted_at=NOON, seen_at=NOON, acknowledged_at=NOON, answered_at=NOON)
    life = Life(a_case(cycle=cycle, wait=None, sends=(a_send(state=SendState.SENT, sent_at=NOON),)))
    assert not life.then(dismiss(life.case, ANA, NOON + HOUR)).days


def test_counts_have_names_that_can_be_read_back() -> None:
    """A newer version may count more."""
    count = Count("square", What.ANSWER_DESK, 42)
    assert Count.named(count.name) == count
    assert Count.named("square:smiles:0") is None
    assert Count.named("square:smiles:of:many") is None
