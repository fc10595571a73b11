"""What customers write about: counted once, by the first words, and taken out where it was not for us."""

from collections import Counter
from datetime import timedelta

from bot.domain.case import Case
from bot.domain.counting import changes
from bot.domain.decisions import Change
from bot.domain.lifecycle import close, dismiss
from bot.domain.models import Kind
from bot.domain.reading import Reading
from bot.domain.receiving import open_case, receive
from bot.domain.topics import Said, Topic, topics
from tests.support.cases import ANA, NOON, a_key, an_item
from tests.support.decisions import case_of
from tests.support.policies import a_policy

POLICY = a_policy()
LATE = Reading(intent="complaint", topics=("delivery", "app or site"))
ONCE = {"square:said-complaint:": 1, "square:said-complaint:delivery": 1, "square:said-complaint:app_or_site": 1}
DAY = timedelta(days=1)


def a_complaint(reading: Reading = LATE) -> Case:
    """A customer writes."""
    return open_case(a_key(), an_item(), reading, POLICY).case


def again(case: Case, reading: Reading, at: timedelta = DAY) -> Case:
    """The same customer writes again."""
    return receive(case, an_item(id="post-2", seen_at=NOON + at, posted_at=NOON + at), reading, POLICY).case


def test_the_first_words_count_once_with_each_of_their_topics() -> None:
    """Later words of the same care episode, a mere thank-you among them, change nothing."""
    case = a_complaint()
    assert changes(None, case) == {"2026-03-04": ONCE}
    assert changes(case, again(case, Reading(intent="praise", topics=("staff",)))) == {}


def test_who_comes_back_counts_again() -> None:
    """On the day on which they do."""
    case = case_of(close(a_complaint(), ANA, "solved", NOON))
    returned = again(case, Reading(intent="question"))
    assert changes(case, returned) == {"2026-03-05": {"square:said-question:": 1}}


def test_a_search_hit_counts_by_the_first_words_that_want_an_answer() -> None:
    """What was found first said nothing of what the customer wants of us; the complaint below it does, on its day."""
    found = open_case(a_key(), an_item(kind=Kind.MATCH), Reading(intent="other"), POLICY).case
    assert changes(found, again(found, LATE)) == {"2026-03-04": {"square:said-other:": -1}, "2026-03-05": ONCE}


def test_what_is_not_for_us_and_spam_do_not_count() -> None:
    """What was set aside is taken out again, on its own day."""
    case = a_complaint()
    decision = dismiss(case, ANA, NOON + DAY)
    assert isinstance(decision, Change)
    assert changes(case, decision.case) == {"2026-03-04": dict.fromkeys(ONCE, -1)}
    assert changes(None, a_complaint(Reading(spam=True, topics=("billing",)))) == {}


def test_names_are_read_as_they_were_written() -> None:
    """Other counts stand in the same hash, also those of a newer version."""
    told = [Said.named(name) for name in ONCE]
    assert told == list(Said.of("square", ("complaint", "delivery", "app or site")))
    assert [Said.named(name) for name in ("square:kept:0", "square:said-riddle:x")] == [None, None]


def test_the_most_frequent_topic_is_told_first_with_what_was_before() -> None:
    """Of all networks together; a day of which nothing is known is no day without customers."""
    now = Counter(
        {Said("a", "complaint"): 3, Said("a", "complaint", "refund"): 1, Said("a", "complaint", "delivery"): 2}
    )
    now.update({Said("b", "praise"): 1, Said("b", "praise", "delivery"): 1})
    told = topics(now, {Said("a", "question"): 5, Said("a", "question", "refund"): 4}, NOON)
    assert (told.customers, told.before) == (4, 5)
    assert told.topics == [Topic("delivery", 3, 2, 1, 0), Topic("refund", 1, 1, 0, 4)]
    assert topics(now, {}, NOON).before is None
