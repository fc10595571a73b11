"""What is left to do after erasing a customer is named, and makes the exit code."""

from dataclasses import replace

import pytest

from bot.commands.forget import BY_HAND, _say_report, _say_traces
from bot.domain.erasing import Share, customer
from bot.services.erasing import Report, Traces

TRACES = Traces(
    one=customer("square", "carla.example"),
    share=Share(closed=1, items=2),
    own=("a",),
    shared=("b",),
    leading=frozenset(),
    letters=((0, "1-0"),),
    deliveries=0,
    beside=0,
    begun=0,
    unread=0,
    keys={},
    words=frozenset(),
)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (Report(TRACES, deleted=3), ""),
        (Report(replace(TRACES, deliveries=2)), "2 deliveries waited in the inbox: run it again"),
        (Report(replace(TRACES, unread=1)), "1 case only a newer version can read: run it there"),
        (Report(TRACES, refused=("https://slack/1",)), "by hand: Slack does not let Hark delete https://slack/1"),
        (Report(TRACES, answered=("https://slack/2",)), "people wrote in the thread https://slack/2"),
        (Report(TRACES, unseen=("C1",)), "Slack does not let Hark look through C1"),
        (Report(TRACES, trouble="Slack: away"), "not finished: Slack: away. Run it again"),
    ],
)
def test_what_is_left_is_said_and_makes_the_exit_code(report: Report, words: str) -> None:
    """0 only when nothing is; and what no run can do is said each time."""
    said: list[str] = []
    assert _say_report(report, said.append) == (1 if words else 0)
    assert said[-1] == BY_HAND
    assert any(words in each for each in said)
    erased = "erased: 1 case, 2 posts in cases of others, 1 dead letter, "
    assert any(erased in each for each in said) is not bool(report.trouble)


def test_what_there_is_is_said_in_numbers() -> None:
    """Also what goes along that is not theirs, and what only a person can delete."""
    said: list[str] = []
    share = Share(open=1, closed=2, messages=4, queued=1, others_words=2, shared=1, items=1, answers=3)
    _say_traces(replace(TRACES, share=share, deliveries=1, beside=2, begun=1), said.append)
    assert said == [
        "3 cases of their own (1 open, 2 closed)",
        "4 messages in Slack about them, and what stands in their threads",
        "1 answer of ours in them that did not go out yet, and will not",
        "2 posts of other customers in these cases, which go with them",
        "1 post of theirs in 1 case of others",
        "1 dead letter",
        "2 notes of likes, of how they are called and of thanks to them",
        "1 delivery in the inbox",
        "3 public answers of ours, which stand on the network, or may",
        "1 case that an earlier run erased and Slack still shows",
    ]
