"""States of a case for card tests, and the comparison of what is drawn with the snapshots in the repository."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.cards.view import View
from bot.domain.agenda import MOST_CHECKS
from bot.domain.case import (
    Case,
    Cycle,
    HideReason,
    HideState,
    Hiding,
    Item,
    MarkName,
    Post,
    PostKind,
    Purpose,
    Send,
    SendState,
    Snooze,
    Writing,
)
from bot.domain.models import Attachment, Author, Capabilities, Kind, LengthRule
from bot.domain.reading import Reading
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, a_claim, a_send, a_wait, an_item

SNAPSHOTS = Path(__file__).parents[1] / "bot" / "cards" / "snapshots"
CARD = a_card(place="C0CARE0001", ts="1772625600.000100")
BLUESKY_LIKE = Capabilities(
    public_reply=LengthRule(limit=300, unit="graphemes", max_bytes=3000),
    private_message=LengthRule(limit=1000),
    like=True,
    read_back=True,
    hide=True,
)
PUBLIC_ONLY = Capabilities(public_reply=LengthRule(limit=280, unit="utf16"))
COMPLAINT = Reading(
    language="en",
    sentiment="negative",
    intent="complaint",
    urgency=3,
    urgent_because=("on hold", "today"),
    topics=("delivery", "support"),
)
URL = "https://square.example/post-1"
TROLL = Reading(language="en", abuse="troll")


def a_view(**changes: Any) -> View:
    """The surroundings of a case on a network that can do most things, at noon."""
    fields: dict[str, Any] = {
        "now": NOON,
        "network_title": "Bluesky",
        "account_title": "@acme.example",
        "capabilities": BLUESKY_LIKE,
        "contact": "help@acme.example",
    }
    return View(**(fields | changes))


def a_public_case(**changes: Any) -> Case:
    """An urgent complaint with a link, its card in the channel."""
    fields: dict[str, Any] = {"items": (an_item(url=URL),), "reading": COMPLAINT, "posts": (CARD,)}
    return a_case(**(fields | changes))


def with_send(state: SendState, **changes: Any) -> Case:
    """A claimed case with one send in that state."""
    send = a_send(state=state, due_at=NOON + timedelta(seconds=15), **changes)
    return a_public_case(claim=a_claim(), sends=(send,))


def a_cycle(**changes: Any) -> Cycle:
    """A cycle seen at noon."""
    fields: dict[str, Any] = {"n": 1, "posted_at": NOON, "seen_at": NOON}
    return Cycle(**(fields | changes))


def a_direct_message(**changes: Any) -> Case:
    """A conversation that is private from the start, open for replies until tomorrow."""
    item = an_item("My number is [phone …12], call me", kind=Kind.MESSAGE, private=True, masked=True)
    item = item.model_copy(update={"reply_until": NOON + timedelta(hours=24)})
    return a_public_case(items=(item,), **changes)


def _rich_review() -> Case:
    pictures = (
        Attachment(kind="image", url="https://img.example/1", description="A parcel in a puddle"),
        Attachment(kind="video", url="javascript:alert(1)"),
    )
    item = an_item("Two stars, and that is kind.\n\nThe box was wet.", kind=Kind.REVIEW, rating=2, attachments=pictures)
    return a_public_case(items=(item,), likes=12, reposts=1, people=2)


def _several() -> Case:
    more = an_item("Hello? Anybody?", id="post-2", seq=2, url=URL, posted_at=NOON + timedelta(minutes=9))
    late = more.model_copy(update={"seen_at": NOON + timedelta(minutes=10)})
    return a_public_case(items=(an_item(url=URL), late), item_count=2)


def _closed(reason: str) -> Case:
    cycle = a_cycle(answered_at=NOON, closed_at=NOON + timedelta(hours=1))
    return a_public_case(status="closed", wait=None, close_reason=reason, cycle=cycle)


def _after(minutes: int) -> Any:
    return NOON + timedelta(minutes=minutes)


def a_troll(**changes: Any) -> Item:
    """A comment that triage lets staff ask to hide."""
    signs = (HideReason.ABUSE, HideReason.HATE)
    fields: dict[str, Any] = {"text": "You are all idiots", "url": URL, "hideable": True, "signs": signs}
    return an_item(**(fields | changes))


def a_hide(state: SendState, **changes: Any) -> Send:
    """The act that Ben approved."""
    return a_send(id="hide-1", purpose=Purpose.HIDE, text="", by=BEN, state=state, **changes)


def a_hiding_case(state: HideState = HideState.ASKED, **changes: Any) -> Case:
    """A case in which Ana asked to hide the comment, and what became of that."""
    decided: dict[str, Any] = {"decided_by": BEN, "decided_at": _after(3)} if state is not HideState.ASKED else {}
    asked = Hiding(
        id="hide-1",
        item="post-1",
        reason=HideReason.ABUSE,
        note="Third time today",
        by=ANA,
        at=_after(2),
        until=_after(1442),
        state=state,
        why="the customer changed the words" if state is HideState.LAPSED else "",
        **decided,
    )
    return a_public_case(**({"items": (a_troll(),), "reading": TROLL, "hidings": (asked,)} | changes))


def hiding_states() -> dict[str, Case]:
    """What hiding a comment adds to them."""
    return {
        "hide_offered": a_public_case(items=(a_troll(),), reading=TROLL),
        "hide_asked": a_hiding_case(),
        "hide_asked_older": a_hiding_case(items=(a_troll(), an_item("And another thing", seq=2, id="post-2", url=URL))),
        "hide_queued": a_hiding_case(HideState.APPROVED, sends=(a_hide(SendState.QUEUED),)),
        "hide_failed": a_hiding_case(
            HideState.APPROVED, sends=(a_hide(SendState.FAILED, attempt=1, reason="the app lacks a permission"),)
        ),
        "hide_taken_back": a_hiding_case(HideState.APPROVED, sends=(a_hide(SendState.UNDONE, reason="by Ana"),)),
        "hidden": a_hiding_case(
            HideState.APPROVED,
            items=(a_troll(hidden=True, hidden_at=_after(4)),),
            sends=(a_hide(SendState.SENT, attempt=1, read_back=True, sent_at=_after(4)),),
        ),
        "hidden_on_the_network": a_public_case(items=(a_troll(hidden=True, hidden_at=_after(4)),), reading=TROLL),
        "hide_declined": a_hiding_case(HideState.DECLINED),
        "hide_expired": a_hiding_case(HideState.EXPIRED),
        "hide_lapsed": a_hiding_case(HideState.LAPSED),
        "window_over": a_public_case(items=(an_item(url=URL, reply_until=NOON - timedelta(hours=1)),)),
    }


def a_snoozed_case(**changes: Any) -> Case:
    """Answered, claimed, and snoozed by Ana until tomorrow."""
    snooze = Snooze(by=ANA, at=_after(5), until=NOON + timedelta(hours=21), note="Ask the warehouse")
    cycle = a_cycle(acknowledged_at=_after(5), answered_at=_after(5))
    return a_public_case(**({"claim": a_claim(), "wait": None, "cycle": cycle, "snooze": snooze} | changes))


def states() -> dict[str, Case]:
    """One case in each state that a card can be in."""
    sent = {"sent_at": _after(1), "url": "https://square.example/reply-1"}
    return {
        "new": a_public_case(),
        "several_unanswered": _several(),
        "claimed": a_public_case(claim=a_claim()),
        "asked": a_public_case(claim=a_claim(asked=True)),
        "writing": a_public_case(claim=a_claim(), writing=Writing(by=BEN, until=_after(5))),
        "acknowledged": a_public_case(wait=a_wait(ack_due=None), cycle=a_cycle(acknowledged_at=_after(5))),
        "queued": with_send(SendState.QUEUED),
        "sending": with_send(SendState.SENDING, attempt=1),
        "sent": with_send(SendState.SENT, attempt=1, **sent),
        "read_back": with_send(SendState.SENT, attempt=1, read_back=True, **sent),
        "failed": with_send(SendState.FAILED, attempt=1, reason="the post was deleted"),
        "trying_again": with_send(SendState.QUEUED, attempt=2, reason="Bluesky is overloaded"),
        "unknown": with_send(SendState.UNKNOWN, attempt=1),
        "unknown_given_up": with_send(SendState.UNKNOWN, attempt=MOST_CHECKS + 1),
        "undone": with_send(SendState.UNDONE, reason="taken back by Ana"),
        "warned": a_public_case(wait=a_wait(warned=True)),
        "breached_ack": a_public_case(
            wait=a_wait(warned=True, breached=True), cycle=a_cycle(missed=(MarkName.ACK_BREACH,))
        ),
        "breached_answer": a_public_case(
            wait=a_wait(ack_due=None, breached=True), cycle=a_cycle(missed=(MarkName.ANSWER_BREACH,))
        ),
        "answered_late": a_public_case(
            wait=None, cycle=a_cycle(answered_at=_after(200), missed=(MarkName.ANSWER_BREACH,))
        ),
        "private_loop_open": a_public_case(
            claim=a_claim(),
            wait=None,
            loop_open=True,
            cycle=a_cycle(private_at=_after(3), answered_at=_after(3)),
            sends=(
                a_send(
                    purpose=Purpose.PRIVATE, private=True, state=SendState.SENT, text="Mail me: eva@private.example"
                ),
            ),
        ),
        "direct_message": a_direct_message(),
        "closed": _closed("solved"),
        "not_for_us": _closed("not for us"),
        "returning_swept": a_public_case(
            cycle=a_cycle(n=2), swept=True, reading=COMPLAINT.model_copy(update={"language": "pt"})
        ),
        "deleted": a_public_case(items=(an_item("", url=URL, deleted=True),), wait=None),
        "edited_masked": a_public_case(items=(an_item("Call [phone …12]", edited=True, masked=True, cut=True),)),
        "review": _rich_review(),
        "snoozed": a_snoozed_case(),
        "snoozed_while_somebody_waits": a_snoozed_case(wait=a_wait(), cycle=a_cycle(), claim=None),
        **hiding_states(),
    }


def an_alert(headline: str = "The answer is late: Carla is waiting.") -> Post:
    """A direct message to Ana."""
    return Post(id="answer_breach:1:1772625600:U0ANA00001", kind=PostKind.ALERT, channel=ANA.id, text=headline)


def a_stranger(**changes: Any) -> Author:
    """An author with a name full of markup."""
    fields: dict[str, Any] = {"id": "x", "name": "*Eve* <!channel> <@U0ANA00001>", "handle": "`eve`|_x_"}
    return Author(**(fields | changes))


def matches_snapshot(name: str, drawn: Any) -> bool:
    """Whether this is what the repository holds under that name; HARK_UPDATE_SNAPSHOTS=1 writes it anew."""
    path = SNAPSHOTS / f"{name}.json"
    text = json.dumps(drawn, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if os.environ.get("HARK_UPDATE_SNAPSHOTS") == "1":
        path.write_text(text, encoding="utf-8")
    return path.exists() and path.read_text(encoding="utf-8") == text
