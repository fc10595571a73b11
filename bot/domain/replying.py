"""Staff's side of a conversation: who is writing, what is queued to go out, what is taken back."""

from datetime import datetime

from pydantic import Field

from bot.domain.case import IN_VAIN, UNSETTLED, Case, Item, LogEntry, Person, Purpose, Send, SendState, Writing
from bot.domain.claims import claim_line, claimed, renewed
from bot.domain.decisions import Change, Decision, Refused, changed
from bot.domain.models import Model
from bot.domain.overtaking import Seen, meanwhile
from bot.domain.policy import Policy

SENDS_KEPT = 20
QUEUED = "queued"
"""How a log entry of a send that was asked for begins."""
PURPOSE_WORDS = {
    Purpose.REPLY: "reply",
    Purpose.THANK: "thank-you",
    Purpose.ACKNOWLEDGE: "acknowledgement",
    Purpose.PRIVATE: "private message",
    Purpose.LIKE: "like",
    Purpose.NOTICE: "public line",
    Purpose.HIDE: "hiding of the comment",
    Purpose.UNHIDE: "showing of the comment",
}


class Draft(Model):
    """One text that somebody wants to send. `id` is made by whoever opened the modal: a double submit is one send.

    `ref` is what the connector needs beside the interaction's own `ref` (a template's name and blanks).
    """

    id: str
    purpose: Purpose
    private: bool
    text: str
    after: str | None = None
    closes_loop: bool = False
    ref: dict[str, str] = Field(default_factory=dict)


class Outgoing(Model):
    """What one press of Send asks for. `seen` says what the person had read, None if nobody asked."""

    by: Person
    drafts: tuple[Draft, ...] = Field(min_length=1)
    seen: Seen | None = None


def start_writing(case: Case, by: Person, now: datetime, policy: Policy) -> Decision:
    """Show colleagues that somebody has the reply modal open."""
    if case.writing and case.writing.by.id == by.id:
        return Refused(code="known", text="The card says so already.")
    case = renewed(case, by, now, policy)
    return changed(case, writing=Writing(by=by, until=now + policy.writing))


def stop_writing(case: Case, by: Person) -> Decision:
    """The modal was closed without sending."""
    if case.writing is None or case.writing.by.id != by.id:
        return Refused(code="known", text="The card does not say that you are writing.")
    return changed(case, writing=None)


def queue(case: Case, outgoing: Outgoing, now: datetime, policy: Policy) -> Decision:
    """Queue what one press of Send asks for; it goes out after the undo time.

    Refused: `closed`; `duplicate` (this very press was carried out already); `overtaken` (a colleague answered or
    the customer wrote since the modal was opened). An unclaimed case becomes the sender's.
    """
    by = outgoing.by
    if not case.is_open:
        return Refused(code="closed", text="This case was closed meanwhile. Reopen it to send.")
    if any(case.send(draft.id) for draft in outgoing.drafts):
        return Refused(code="duplicate", text="This has been sent already.")
    news = meanwhile(case, by, outgoing.seen)
    if news:
        return Refused(code="overtaken", text=news)
    taken = case.claim is None
    case = claimed(case, by, now, policy) if taken else renewed(case, by, now, policy)
    sends = tuple(new_send(draft, case.newest(private=draft.private), by, now, policy) for draft in outgoing.drafts)
    writing = None if case.writing and case.writing.by.id == by.id else case.writing
    log = [claim_line(by, now)] if taken else []
    log += [LogEntry(at=now, what=f"{QUEUED} {one_of(each.purpose)}", by=by.id, detail=each.text) for each in sends]
    return changed(case, *log, sends=kept((*case.sends, *sends)), writing=writing)


def undo(case: Case, send_id: str, by: Person, now: datetime) -> Decision:
    """Take a queued send back, and with it whatever was to follow it."""
    send = case.send(send_id)
    if send is None or send.state is SendState.UNDONE:
        return Refused(code="gone", text="That was taken back already.")
    if send.state is not SendState.QUEUED or send.attempt:
        advice = " If the words are wrong, correct them with another reply." if send.text else ""
        return Refused(code="too_late", text=f"Too late: it is already on its way.{advice}")
    undone = tuple(
        each.model_copy(update={"state": SendState.UNDONE, "reason": f"taken back by {by.name}"})
        if each.id == send_id or (each.after == send_id and each.state is SendState.QUEUED)
        else each
        for each in case.sends
    )
    return changed(case, LogEntry(at=now, what="took back a send", by=by.id, detail=send.text), sends=undone)


def retry(case: Case, send_id: str, by: Person, now: datetime) -> Decision:
    """Send a failed text again, or look at once for one whose fate is unknown.

    What may stand already, because it was tried, stays counted once: it is looked for before it is sent again.
    """
    send = case.send(send_id)
    if send is None or send.state not in (SendState.FAILED, SendState.UNKNOWN):
        return Refused(code="settled", text="There is nothing to try again here.")
    first = stopped_by(case, send)
    if first is not None:
        text = f"This only goes out after the {PURPOSE_WORDS[first.purpose]}, which failed. Retry that one first."
        return Refused(code="follows", text=text)
    unknown = send.state is SendState.UNKNOWN
    state = SendState.UNKNOWN if unknown else SendState.QUEUED
    case = with_send(case, send, state=state, retried_at=now, due_at=now, attempt=min(send.attempt, 1), reason="")
    what = "looked again for a send" if unknown else "tried a send again"
    return Change(case=case, log=(LogEntry(at=now, what=what, by=by.id, detail=send.text),))


def look(case: Case, send_id: str, by: Person, now: datetime) -> Decision:
    """Look at once for a send whose fate is unknown. One that has failed since is not sent by that: nobody said so."""
    send = case.send(send_id)
    if send is None or send.state is not SendState.UNKNOWN:
        return Refused(code="settled", text="There is nothing to look for any more: the card says what became of it.")
    return retry(case, send_id, by, now)


def stopped_by(case: Case, send: Send) -> Send | None:
    """The send that has to stand before this one and did not go out; None where nothing stops this one. What may stand
    all the same (its fate is unknown) is looked for in any case."""
    first = case.send(send.after) if send.after and send.state is not SendState.UNKNOWN else None
    return first if first is not None and first.state in IN_VAIN else None


def one_of(purpose: Purpose) -> str:
    """What somebody queued or sent, such as "a reply" or "an acknowledgement"."""
    words = PURPOSE_WORDS[purpose]
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def with_send(case: Case, send: Send, **update: object) -> Case:
    """The case with some fields of one send changed."""
    new = send.model_copy(update=update)
    return case.model_copy(update={"sends": tuple(new if each.id == send.id else each for each in case.sends)})


def new_send(draft: Draft, item: Item, by: Person, now: datetime, policy: Policy) -> Send:
    """What goes out about an interaction after the undo time."""
    return Send(
        id=draft.id,
        purpose=draft.purpose,
        private=draft.private,
        text=draft.text,
        by=by,
        to=item.id,
        ref={**item.ref, **draft.ref},
        created_at=now,
        due_at=now + policy.undo,
        after=draft.after,
        closes_loop=draft.closes_loop,
    )


def kept(sends: tuple[Send, ...]) -> tuple[Send, ...]:
    """The newest sends; one that is not settled is never dropped."""
    surplus = max(0, len(sends) - SENDS_KEPT)
    old = [send for send in sends if send.state not in UNSETTLED][:surplus]
    return tuple(send for send in sends if send not in old)
