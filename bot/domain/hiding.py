"""Hiding a customer's comment from the public: rarely offered, for a reason, approved by a second person.

The practice behind it: never delete what is critical, never argue with trolls. So triage must read spam, abuse or
somebody's personal data before it is offered at all, nobody can do it alone, anybody can undo it, the comment stays in
the case, and a customer who waits goes on waiting for an answer.
"""

from datetime import datetime, timedelta

from bot.domain.case import (
    MODERATION,
    UNSETTLED,
    Case,
    HideReason,
    HideState,
    Hiding,
    Item,
    LogEntry,
    Person,
    Purpose,
    Send,
    SendState,
)
from bot.domain.decisions import Change, Decision, Refused, changed
from bot.domain.models import Capabilities, Model
from bot.domain.policy import Policy
from bot.domain.posting import alert_people, with_alert, with_line
from bot.domain.reading import Reading
from bot.domain.replying import Draft, kept, new_send

LIVES = timedelta(hours=24)
"""How long a request waits for a second person."""
KEPT = 12
UNKNOWN_ITEM = "unknown_item"
REASON_WORDS = {
    HideReason.SPAM: "spam",
    HideReason.ABUSE: "abuse",
    HideReason.HATE: "hate",
    HideReason.PERSONAL_DATA: "personal data of the customer",
}
CRITICISM = "Hiding is for spam, abuse, hate and personal data only. Criticism is answered, not hidden."
DECIDED_WORDS = {
    HideState.APPROVED: "approved this",
    HideState.DECLINED: "declined this",
    HideState.WITHDRAWN: "took this request back",
}
_KEPT_NO_MORE = Refused(code="not_kept", text="The case does not keep that comment any more. Open it on the network.")
_NO_WAY = Refused(code="not_hideable", text="The network does not let us hide this one.")
_BUSY = Refused(code="busy", text="This comment is just being hidden or shown again.")


class Ask(Model):
    """What one press of "Ask" wants. `id` is made when the form opens: a double submit is one request."""

    id: str
    item: str
    reason: str
    note: str = ""
    by: Person


def signs_of(item: Item, reading: Reading) -> tuple[HideReason, ...]:
    """The reasons for which this may be hidden, as triage reads it. Heated words and complaints are no reason."""
    if item.private:
        return ()
    found = (
        (HideReason.SPAM, reading.spam),
        (HideReason.ABUSE, reading.abuse == "troll"),
        (HideReason.HATE, reading.abuse == "troll"),
        (HideReason.PERSONAL_DATA, item.masked),
    )
    return tuple(reason for reason, there in found if there)


def subject(case: Case, capabilities: Capabilities) -> Item | None:
    """The comment that "Hide" would be about: the newest that may be hidden and that nobody has asked about yet."""
    if not case.is_open:
        return None
    return next((item for item in reversed(case.items) if _refusal(case, item, capabilities) is None), None)


def pending(case: Case) -> list[Hiding]:
    """The requests on which nobody has decided yet, oldest first."""
    return [each for each in case.hidings if each.state is HideState.ASKED]


def ask(case: Case, asked: Ask, capabilities: Capabilities, now: datetime, policy: Policy) -> Decision:
    """Ask for a comment to be hidden; somebody else has to approve it within 24 hours.

    Refused: `closed`; `duplicate` (this very press was carried out already); `criticism` (nothing that may be hidden);
    `reason` (triage reads another one); and what `_unfit` finds.
    """
    if _request(case, asked.id):
        return Refused(code="duplicate", text="This has been asked already.")
    if not case.is_open:
        return Refused(code="closed", text="This case was closed meanwhile. Reopen it first.")
    item = case.item(asked.item)
    refusal = _refusal(case, item, capabilities)
    if item is None or refusal is not None:
        return refusal or _KEPT_NO_MORE
    if asked.reason not in item.signs:
        known = " or ".join(REASON_WORDS[each] for each in item.signs)
        return Refused(code="reason", text=f"These words read as {known}. {CRITICISM}")
    reason = HideReason(asked.reason)
    new = Hiding(id=asked.id, item=item.id, reason=reason, note=asked.note, by=asked.by, at=now, until=now + LIVES)
    words = REASON_WORDS[reason]
    text = f"{asked.by.name} asks to hide a comment ({words}). Somebody else has to approve it on the card in 24 hours."
    case = with_line(_with(case, new), f"hide:{new.id}", text)
    others = tuple(user for user in policy.manager_users or policy.on_call(case) if user != asked.by.id)
    headline = f"{asked.by.name} asks to hide a comment ({words}). Approve or decline."
    case = alert_people(case, others, headline, f"hide:{new.id}")
    return Change(case=case, log=(_entry(now, f"asked to hide a comment: {words}", asked.by, asked.note),))


def approve(
    case: Case, request: str, by: Person, capabilities: Capabilities, now: datetime, policy: Policy
) -> Decision:
    """A second person agrees: the act is queued, and can be taken back like any other send.

    Refused: `own_request`; `decided` and `expired` (told who or why); and what `_unfit` finds. It works on a case that
    was closed meanwhile: a closed case of spam is still spam.
    """
    found = _open_request(case, request, now)
    if isinstance(found, Refused):
        return found
    if found.by.id == by.id:
        text = "You asked for this yourself. Somebody else has to approve it; Decline takes it back."
        return Refused(code="own_request", text=text)
    item = case.item(found.item)
    refusal = _unfit(case, item, capabilities)
    if item is None or refusal is not None:
        return refusal or _KEPT_NO_MORE
    decided = found.model_copy(update={"state": HideState.APPROVED, "decided_by": by, "decided_at": now})
    case = _queued(_with(case, decided), Purpose.HIDE, found.id, item, by, now, policy)
    detail = f"{REASON_WORDS[found.reason]}, asked by {found.by.name}"
    return Change(case=case, log=(_entry(now, "approved hiding the comment", by, detail),))


def decline(case: Case, request: str, by: Person, now: datetime) -> Decision:
    """Say no to a request; whoever asked takes it back by this. The asker is told of a no."""
    found = _open_request(case, request, now)
    if isinstance(found, Refused):
        return found
    own = found.by.id == by.id
    state = HideState.WITHDRAWN if own else HideState.DECLINED
    case = _with(case, found.model_copy(update={"state": state, "decided_by": by, "decided_at": now}))
    if not own:
        headline = f"{by.name} declined to hide the comment ({REASON_WORDS[found.reason]}). It still wants an answer."
        case = with_alert(case, found.by.id, headline, f"hide:{found.id}:declined")
    what = "took back the request to hide the comment" if own else "declined to hide the comment"
    return Change(case=case, log=(_entry(now, what, by, REASON_WORDS[found.reason]),))


def unhide(
    case: Case, item_id: str, send_id: str, by: Person, capabilities: Capabilities, now: datetime, policy: Policy
) -> Decision:
    """Show a hidden comment again. One person is enough, anybody, also after the case was closed."""
    if case.send(send_id):
        return Refused(code="duplicate", text="This has been asked already.")
    item = case.item(item_id)
    if item is None:
        return _KEPT_NO_MORE
    if under_way(case, item):
        return _BUSY
    if not item.hidden or item.deleted:
        return Refused(code="not_hidden", text="This comment is not hidden any more.")
    if not capabilities.hide:
        return _NO_WAY
    case = _queued(case, Purpose.UNHIDE, send_id, item, by, now, policy)
    return Change(case=case, log=(_entry(now, "asked to show the comment again", by),))


def requests_pass(case: Case, now: datetime) -> tuple[Case, tuple[LogEntry, ...]]:
    """What time does to requests: after 24 hours without a second person they expire, and the asker is told."""
    log: list[LogEntry] = []
    for each in pending(case):
        if each.until <= now:
            case = _with(case, each.model_copy(update={"state": HideState.EXPIRED, "decided_at": now}))
            headline = "Nobody approved within 24 hours, so the comment was not hidden. Ask again if it still matters."
            case = with_alert(case, each.by.id, headline, f"hide:{each.id}:expired")
            log.append(LogEntry(at=now, what="the request to hide a comment expired", detail=REASON_WORDS[each.reason]))
    return case, tuple(log)


def lapsed(change: Change, item_id: str, why: str, now: datetime) -> Change:
    """The change, after which nothing is asked or queued about a comment any more: an approval was for what it said."""
    case, log = change.case, list(change.log)
    for each in pending(case):
        if each.item == item_id:
            update = {"state": HideState.LAPSED, "decided_at": now, "why": why}
            case = _with(case, each.model_copy(update=update))
            log.append(LogEntry(at=now, what="the request to hide a comment lapsed", detail=why))
    sends = tuple(
        send.model_copy(update={"state": SendState.UNDONE, "reason": why}) if _stands_by(send, item_id) else send
        for send in case.sends
    )
    case = case if sends == case.sends else case.model_copy(update={"sends": sends})
    return change.model_copy(update={"case": case, "log": tuple(log)})


def hidden_on_network(case: Case, item_id: str, at: datetime, *, hidden: bool) -> Decision:
    """Somebody hid it on the network itself, or showed it again, at `at`. These may arrive in any order: that it was
    shown again is kept also where nothing was known to be hidden, or an earlier hiding that comes late would count."""
    item = case.item(item_id)
    if item is None or item.deleted:
        return Refused(code=UNKNOWN_ITEM, text="The case does not keep that interaction any more.")
    again, since = item.hidden is hidden, item.hidden_at
    if (again and (hidden or at == since)) or (since is not None and at < since):
        return Refused(code="known", text="The card says so already.")
    if again:
        return Change(case=case.model_copy(update={"items": _marked(case, item_id, at, hidden=False)}), redraw=False)
    what = "hidden on the network" if hidden else "shown again on the network"
    change = changed(case, LogEntry(at=at, what=what), items=_marked(case, item_id, at, hidden=hidden))
    return lapsed(change, item_id, "it was hidden on the network itself", at) if hidden else change


def carried_out(case: Case, send: Send, now: datetime) -> Change:
    """The network has hidden the comment, or shows it again. No clock stops by that."""
    hidden = send.purpose is Purpose.HIDE
    request = _request(case, send.id)
    detail = f"{REASON_WORDS[request.reason]}, asked by {request.by.name}" if request else ""
    what = "hid the comment" if hidden else "showed the comment again"
    return changed(case, _entry(now, what, send.by, detail), items=_marked(case, send.to, now, hidden=hidden))


def could_not(send: Send, who: str, reason: str) -> str:
    """The headline for whoever decided, when the network refused; empty for sends that say something."""
    words = {Purpose.HIDE: "hidden", Purpose.UNHIDE: "shown again"}.get(send.purpose)
    return f"The comment of {who} could not be {words}: {reason}" if words else ""


def stopped(case: Case, send: Send, capabilities: Capabilities) -> str:
    """Why such an act must not go out (any more), looked at just before it does; empty when it may."""
    item = case.item(send.to)
    if item is None:
        return _KEPT_NO_MORE.text
    if not capabilities.hide:
        return _NO_WAY.text
    if item.deleted:
        return "the customer has deleted the comment"
    if send.purpose is Purpose.HIDE and item.edited_at is not None and item.edited_at > send.created_at:
        return "the customer has changed the words since it was approved"
    if any(_overrules(other, send) for other in case.sends):
        return "somebody has decided otherwise since"
    return ""


def _refusal(case: Case, item: Item | None, capabilities: Capabilities) -> Refused | None:
    """Why nobody may ask to hide this comment."""
    if item is not None and not item.signs:
        return Refused(code="criticism", text=CRITICISM)
    other = next((each for each in pending(case) if item is not None and each.item == item.id), None)
    if other is not None:
        return Refused(code="asked", text=f"{other.by.name} has asked for this already; it waits for a second person.")
    return _unfit(case, item, capabilities)


def _unfit(case: Case, item: Item | None, capabilities: Capabilities) -> Refused | None:
    """Why this comment cannot be hidden now, whoever wants it."""
    if item is None:
        return _KEPT_NO_MORE
    if item.deleted:
        return Refused(code="deleted", text="The customer has deleted the comment: nothing is left to hide.")
    if item.private:
        return Refused(code="private", text="Nobody else can read a private message: there is nothing to hide.")
    if item.hidden:
        return Refused(code="hidden", text="This comment is hidden already.")
    if not (capabilities.hide and item.hideable):
        return _NO_WAY
    return _BUSY if under_way(case, item) else None


def _request(case: Case, request: str) -> Hiding | None:
    return next((each for each in case.hidings if each.id == request), None)


def _open_request(case: Case, request: str, now: datetime) -> Hiding | Refused:
    found = _request(case, request)
    if found is None:
        return Refused(code="decided", text="This request is not kept any more.")
    if found.state is HideState.EXPIRED or (found.state is HideState.ASKED and found.until <= now):
        return Refused(code="expired", text="This request expired after 24 hours. Ask again if it still matters.")
    if found.state is HideState.LAPSED:
        return Refused(code="decided", text=f"This request lapsed: {found.why}.")
    if found.state is not HideState.ASKED:
        who = found.decided_by.name if found.decided_by else "Somebody"
        return Refused(code="decided", text=f"{who} {DECIDED_WORDS[found.state]} already.")
    return found


def under_way(case: Case, item: Item) -> bool:
    """Whether the comment is just being hidden or shown again."""
    return any(send.purpose in MODERATION and send.to == item.id and send.state in UNSETTLED for send in case.sends)


def _overrules(other: Send, send: Send) -> bool:
    """Whether another act about the same comment is newer, so that trying this one again would undo it."""
    about_it = other.purpose in MODERATION and other.to == send.to and other.state is not SendState.UNDONE
    return about_it and other.created_at > send.created_at


def _stands_by(send: Send, item_id: str) -> bool:
    """Whether the comment's hiding is queued and the network has not been called yet."""
    queued = send.state is SendState.QUEUED and send.attempt == 0
    return queued and send.purpose is Purpose.HIDE and send.to == item_id


def _queued(case: Case, purpose: Purpose, id_: str, item: Item, by: Person, now: datetime, policy: Policy) -> Case:
    send = new_send(Draft(id=id_, purpose=purpose, private=False, text=""), item, by, now, policy)
    return case.model_copy(update={"sends": kept((*case.sends, send))})


def _marked(case: Case, item_id: str, at: datetime, *, hidden: bool) -> tuple[Item, ...]:
    update = {"hidden": hidden, "hidden_at": at}
    return tuple(item.model_copy(update=update) if item.id == item_id else item for item in case.items)


def _with(case: Case, new: Hiding) -> Case:
    """The case with this request, in its place or as the newest; old ones go, but never one that is undecided."""
    hidings = tuple(new if each.id == new.id else each for each in case.hidings)
    hidings = hidings if new in hidings else (*hidings, new)
    surplus = [each.id for each in hidings if each.state is not HideState.ASKED][: max(0, len(hidings) - KEPT)]
    return case.model_copy(update={"hidings": tuple(each for each in hidings if each.id not in surplus)})


def _entry(now: datetime, what: str, by: Person, detail: str = "") -> LogEntry:
    return LogEntry(at=now, what=what, by=by.id, detail=detail)
