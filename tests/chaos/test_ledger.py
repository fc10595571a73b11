"""The comparison of the ledgers must be able to fail: each kind of wrong is planted once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.agenda import next_timer
from bot.services.hourly import HOURLY
from bot.store.keys import score
from tests.chaos.ledger import CaseSeen, Seen, Sent, Told, compare
from tests.chaos.looking import timers
from tests.support.cases import NOON, a_case

TOLD = Told(
    talks={"a": 1, "b": 1, "c": 2},
    likes={"l": 1, "m": 2},
    dead=frozenset({"dx"}),
    replies={"r": 1, "s": 2},
    claims={1: "Ana"},
)
ONE = CaseSeen("one", ("a", "b"), likes=1, sends=(Sent("r", "sent"),), claimed_by="Ana")
TWO = CaseSeen("two", ("c",), sends=(Sent("s", "unknown"),))
SEEN = Seen(cases=(ONE, TWO), digest=("m",), dead=("dx",), cards=("one", "two"), lines=("b",), replies=("r",))


def test_a_run_without_a_fault_adds_up() -> None:
    """Everything once; a reply of unknown fate may stand on the network or not, but its card must say so."""
    assert compare(TOLD, SEEN) == []
    assert compare(TOLD, replace(SEEN, replies=("r", "s"))) == []
    assert compare(Told(), Seen()) == []
    assert compare(TOLD, replace(SEEN, dead=("dx", "dx"))) == []
    assert compare(TOLD, replace(SEEN, lines=("a",))) == []


WRONGS: dict[str, tuple[dict[str, Any], str]] = {
    "lost event": ({"cases": (replace(ONE, items=("a",)), TWO), "lines": ()}, "lost: event b is not in the cases"),
    "doubled event": ({"cases": (replace(ONE, items=("a", "b", "b")), TWO)}, "doubled: event b is 2 times"),
    "event twice, in two cases": ({"cases": (ONE, replace(TWO, items=("c", "a")))}, "doubled: event a is 2 times"),
    "event from nowhere": ({"cases": (ONE, replace(TWO, items=("c", "z")))}, "unasked: event z"),
    "conversation torn apart": (
        {"cases": (replace(ONE, items=("a",)), replace(TWO, items=("c", "b")))},
        "conversation 1 is spread over 2 cases",
    ),
    "lost card": ({"cards": ("one",)}, "lost: card of case two is not in Slack"),
    "doubled card": ({"cards": ("one", "two", "two")}, "doubled: card of case two is 2 times in Slack"),
    "card of no case": ({"cards": ("one", "two", "three")}, "unasked: card of case three"),
    "lost line": ({"lines": ()}, "lost: of a, b one may be without a line in the thread, not 2"),
    "line of what is on the card": ({"lines": ("a", "b")}, "unasked: all of a, b have a line"),
    "line of nothing": ({"lines": ("b", "z")}, "unasked: line of z, which is in no case"),
    "doubled line": ({"lines": ("b", "b")}, "doubled: line of b is 2 times"),
    "lost reply": ({"replies": ()}, "lost: reply r is said to be sent"),
    "doubled reply": ({"replies": ("r", "r")}, "doubled: reply r stands 2 times"),
    "reply of unknown fate, doubled": ({"replies": ("r", "s", "s")}, "doubled: reply s stands 2 times"),
    "reply that nobody sent": ({"replies": ("r", "q")}, "q stands on the network, and nobody sent it"),
    "reply never stored": ({"cases": (replace(ONE, sends=()), TWO)}, "lost: reply r is in no case"),
    "reply twice in its case": (
        {"cases": (replace(ONE, sends=(Sent("r", "sent"), Sent("r", "sent"))), TWO)},
        "doubled: reply r became 2 sends",
    ),
    "reply stuck": ({"cases": (replace(ONE, sends=(Sent("r", "sending"),)), TWO)}, "stuck: reply r is sending"),
    "reply failed, yet there": (
        {"cases": (replace(ONE, sends=(Sent("r", "failed"),)), TWO)},
        "reply r is said to have failed, and stands on the network",
    ),
    "unknown fate hidden": (
        {"cases": (ONE, replace(TWO, sends=(Sent("s", "unknown", shown=False),)))},
        "hidden: reply s is unknown",
    ),
    "claim lost": ({"cases": (replace(ONE, claimed_by=""), TWO)}, "claim lost: Ana had conversation 1, now nobody"),
    "claim stolen": ({"cases": (replace(ONE, claimed_by="Ben"), TWO)}, "now Ben has it"),
    "lost like": ({"digest": ()}, "conversation 2 has 1 likes, and 0 are told of"),
    "like counted twice": ({"digest": ("m", "l")}, "conversation 1 has 1 likes, and 2 are told of"),
    "like of nobody": ({"digest": ("m", "n")}, "the digest tells of n"),
    "lost letter": ({"dead": ()}, "lost: dx cannot be read"),
    "letter of good words": ({"dead": ("dx", "a")}, "a is in the dead letter, although it can be read"),
    "any other trouble": ({"troubles": ("worker1 ended by itself",)}, "worker1 ended by itself"),
}


@pytest.mark.parametrize("name", WRONGS)
def test_each_kind_of_wrong_is_found(name: str) -> None:
    """What is planted is named, and nothing is passed over."""
    change, words = WRONGS[name]
    assert any(words in each for each in compare(TOLD, replace(SEEN, **change))), compare(TOLD, replace(SEEN, **change))


def test_timers_must_be_those_that_the_cases_ask_for() -> None:
    """An orphan timer, a lost one and one at the wrong time are found; the hourly message's is nobody's orphan."""
    case = a_case()
    at = next_timer(case)
    assert at is not None
    good = {case.id: float(score(0, at)), HOURLY: 1.0}
    assert list(timers(good, [case])) == []
    assert "orphan: the timer of gone" in "".join(timers({**good, "gone": 1.0}, [case]))
    assert "lost: the timer" in "".join(timers({HOURLY: 1.0}, [case]))
    late = float(score(0, at + timedelta(seconds=1)))
    assert "lost: the timer" in "".join(timers({case.id: late}, [case]))
    assert at > NOON
