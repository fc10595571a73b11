"""Instants of a case are written as seconds since 1970, exact to the microsecond, and read in either way."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.domain.case import Cycle, LogEntry, Mark, MarkName, Wait
from bot.domain.models import EARLIEST, LATEST, Interaction
from bot.store.brief import brief
from bot.store.cases import read_case
from tests.support.card_cases import states
from tests.support.cases import NOON, a_case, a_claim, a_log_entry, a_send, an_interaction, an_item

INSTANTS = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None)).map(
    lambda at: at.replace(tzinfo=UTC)
)


@pytest.mark.parametrize("name", states())
def test_every_state_of_a_case_is_read_as_it_was_written(name: str) -> None:
    """All that cards are drawn from."""
    case = states()[name]
    assert read_case(brief(case).encode()) == case


@given(INSTANTS, INSTANTS)
def test_instants_keep_their_microseconds(one: datetime, other: datetime) -> None:
    """Whatever instant a case can hold."""
    cycle = Cycle(n=1, posted_at=one, seen_at=other, closed_at=other)
    wait = Wait(since=one, ack_due=None, answer_due=other, marks=(Mark(name=MarkName.ANSWER_BREACH, at=one),))
    case = a_case(cycle=cycle, wait=wait, items=(an_item(posted_at=one, seen_at=other, reply_until=one),))
    assert read_case(brief(case).encode()) == case


def test_instants_are_written_as_seconds() -> None:
    """In documents and in the audit log; half as long as in words."""
    at = NOON + timedelta(microseconds=814_000)
    doc = brief(a_case(claim=a_claim(at=at), sends=(a_send(created_at=at),)))
    assert '"at":1772625600.814,' in doc
    assert '"created_at":1772625600.814,' in doc
    assert "2026-03" not in doc
    line = a_log_entry(at=at).model_dump_json(exclude_defaults=True)
    assert line == '{"at":1772625600.814,"what":"opened"}'
    assert LogEntry.model_validate_json(line) == a_log_entry(at=at)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), EARLIEST),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), EARLIEST),
        (EARLIEST - timedelta(microseconds=1), EARLIEST),
        (EARLIEST, EARLIEST),
        (LATEST, LATEST),
        (LATEST + timedelta(microseconds=1), LATEST),
        (datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=14))), LATEST),
        (NOON, NOON),
    ],
)
def test_an_instant_out_of_this_world_is_moved_to_the_edge(told: datetime, kept: datetime) -> None:
    """Seconds in their tens of milliards would be read as milliseconds."""
    event = an_interaction(posted_at=told, worded_at=told, reply_until=told, private_until=told)
    assert {event.posted_at, event.worded_at, event.reply_until, event.private_until} == {kept}


def test_an_instant_without_a_zone_is_refused_as_before() -> None:
    """Nobody knows when that was."""
    with pytest.raises(ValidationError):
        Interaction(**{**dict(an_interaction()), "posted_at": NOON.replace(tzinfo=None)})
