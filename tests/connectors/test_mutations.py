"""Nothing that a network can deliver makes a connector raise: broken forms of every recorded delivery, of all networks.

More than 200,000 of them in each run. Each is made from the seed in the test's name and a number, so it can be made
again; one that fails is printed in its smallest form, ready for `corpus/`, where it is kept and tried in every run.
`HARK_MUTATIONS=20000` tries that many of each recorded delivery instead.
"""

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import pytest

from bot.domain.models import (
    Deleted,
    Edited,
    Event,
    Hidden,
    Interaction,
    Malformed,
    Model,
    Moved,
    Named,
    Raw,
    SendReport,
    UnknownEvent,
)
from tests.support.cases import NOON
from tests.support.mutations import chance_of, mutated, smallest
from tests.support.networks import NAMES, Recorded, reader, recorded

SEED: Final = 20261121
EACH: Final = int(os.environ.get("HARK_MUTATIONS", "750"))
LEAST: Final = 200_000
CORPUS: Final = Path(__file__).parent / "corpus"

LONGEST_NAME: Final = 200
EAST, WEST, WEEK = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12)), timedelta(days=7)
EVENTS: Final = (Interaction, Named, Moved, Edited, Deleted, Hidden, SendReport, UnknownEvent, Malformed)

RECORDED: Final = [one for network in NAMES for one in recorded(network)]
KEPT: Final = sorted(CORPUS.glob("*.json"))


def faults(event: Event) -> list[str]:
    """What makes an event unfit to be taken in; nothing if it is sound."""
    if not isinstance(event, EVENTS):
        return [f"not an event: {type(event).__name__}"]
    found = [] if _same(event) else ["does not come back from the store as it went in"]
    match event:
        case Interaction():
            found += _bad_times(event.posted_at, event.reply_until, event.private_until)
            found += [] if event.posted_at <= NOON else [f"posted in the future: {event.posted_at}"]
        case Edited() | Deleted() | Hidden() | SendReport():
            found += _bad_times(event.at)
            found += [] if event.at <= NOON else [f"happened in the future: {event.at}"]
        case UnknownEvent():
            found += [] if 0 < len(event.what) <= LONGEST_NAME else [f"a name of {len(event.what)} letters"]
        case Malformed():
            found += [] if event.error else ["malformed without a reason"]
    return found


def _same(event: Model) -> bool:
    """Whether the event is what its model promises: read from its own JSON it is sound, and the same again."""
    return type(event).model_validate_json(event.model_dump_json()) == event


def _bad_times(*times: datetime | None) -> list[str]:
    """Times with which the desk cannot count: a window before or after them, or the time in another zone, is none."""
    found = []
    for at in filter(None, times):
        try:
            _ = at.astimezone(EAST), at.astimezone(WEST), at - WEEK, at + WEEK
        except OverflowError:
            found.append(f"a time at the end of time: {at}")
    return found


def failure(raw: Raw) -> str:
    """What is wrong with the events of one delivery, in a word that stays the same while the delivery is cut down."""
    try:
        found = [fault for event in reader(raw.network).parse(raw) for fault in faults(event)]
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not come
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "; ".join(found)


def told(one: Recorded, number: int, body: bytes, why: str) -> str:
    """A failure in words, with the file that keeps it."""
    kind = why[:30]
    body = smallest(body, lambda trial: failure(one.raw(trial))[:30] == kind)
    kept = {"network": one.network, "source": one.source, "headers": dict(one.headers), "why": why[:200]}
    text = {"text": body.decode()} if _is_text(body) else {"hex": body.hex()}
    return (
        f"{one.network} {one.name} number {number} of seed {SEED}: {why}\nkeep it in {CORPUS.name}/ as\n"
        + json.dumps(kept | text)
    )


def _is_text(body: bytes) -> bool:
    try:
        return bool(body.decode()) or not body
    except UnicodeDecodeError:
        return False


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: f"{one.network}-{one.name}-seed{SEED}")
def test_no_broken_form_of_a_delivery_raises(one: Recorded) -> None:
    """What comes of it are events that can be stored, shown and acted on; what cannot be read is Malformed."""
    name = f"{one.network}/{one.name}"
    for number in range(EACH):
        body = mutated(one.value, chance_of(SEED, name, number))
        why = failure(one.raw(body))
        if why:
            pytest.fail(told(one, number, body, why), pytrace=False)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_once_failed_does_not_fail_again(path: Path) -> None:
    """Deliveries on which a connector once raised, or of which it made something unsound."""
    kept: dict[str, Any] = json.loads(path.read_bytes())
    body = bytes.fromhex(kept["hex"]) if "hex" in kept else kept["text"].encode("utf-8", "surrogatepass")
    raw = Raw(
        network=kept["network"],
        account="main",
        source=kept["source"],
        body=body,
        headers=kept["headers"],
        received_at=NOON,
    )
    assert failure(raw) == "", kept["why"]
    assert list(reader(raw.network).parse(raw)), "nothing at all came of it"


@pytest.mark.parametrize("network", NAMES)
def test_a_mutation_can_be_made_again(network: str) -> None:
    """The same seed gives the same bytes, another number gives others."""
    one = next(recorded(network))
    first = [mutated(one.value, chance_of(SEED, "x", n)) for n in range(50)]
    assert first == [mutated(one.value, chance_of(SEED, "x", n)) for n in range(50)]
    assert len(set(first)) > 40


def test_there_are_enough_of_them() -> None:
    """As many as the release asks for, and every network has its share."""
    assert EACH * len(RECORDED) >= LEAST
    assert {one.network for one in RECORDED} == set(NAMES)
