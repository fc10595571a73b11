"""The life of a send on its way to the network: begun, sent, failed, unknown, read back.

Before the network is called the case says `sending`; whoever finds a send in that state later knows that its fate
is unknown, and looks for it on the network before anything is tried again.
"""

from datetime import datetime, timedelta

from bot.domain.agenda import QUICK_CHECKS, in_line
from bot.domain.answering import answered, not_answered
from bot.domain.case import IN_VAIN, MODERATION, Case, LogEntry, Send, SendState
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.hiding import carried_out, could_not
from bot.domain.models import SendReport, Sent
from bot.domain.policy import Policy
from bot.domain.posting import with_alert
from bot.domain.replying import PURPOSE_WORDS, one_of, stopped_by, with_send

GONE_OUT = frozenset({SendState.SENDING, SendState.SENT})
CALL_LEASE = timedelta(seconds=60)
CHECK_EVERY = timedelta(seconds=30)
CHECK_SELDOM = timedelta(hours=1)
MAX_TRIES = 8
BACKOFF = timedelta(seconds=5)
REPORT_TOLERANCE = timedelta(seconds=5)
"""Networks date their reports in whole seconds, by clocks of their own."""
LONGEST_HOLD = timedelta(days=1)
"""An answer that waited for its network for longer may be out of date: a person decides."""
LATE = timedelta(minutes=5)
"""Nobody has looked at a send for longer than this: Hark was switched off, or its store comes from a backup."""
OVERTAKEN = Refused(code="overtaken", text="That send has gone on by now.")
OUT_OF_DATE = "Hark could not send it for a day; read it once more before you press Retry"


def due_send(case: Case, now: datetime) -> Send | None:
    """The send to act on now. Sends of one conversation go out in order: one on its way holds up later ones."""
    return next((send for send in in_line(case) if send.due_at <= now), None)


def orphan(case: Case) -> Send | None:
    """A send whose call began under a lease that is over: asked by the next holder, before the call may count as over.

    It may be looked for at once; that it is not there yet proves nothing before it is due.
    """
    return next((send for send in in_line(case) if send.state is SendState.SENDING), None)


def is_as_seen(case: Case, seen: Send) -> bool:
    """Whether a send is still where somebody saw it. Each try, and each wait, has a time of its own by which it is
    over."""
    send = case.send(seen.id)
    return send is not None and (send.state, send.due_at) == (seen.state, seen.due_at)


def is_late(send: Send, now: datetime) -> bool:
    """Whether a send that was never tried waits though nothing held it up. It may stand on the network all the same: a
    store that comes from a backup does not know what became of it."""
    return not send.attempt and not send.reason and now - send.due_at > LATE


def out_of_date(send: Send, now: datetime) -> str:
    """Why a send is not made by itself any more, where nobody has looked at it for a day; else nothing."""
    return OUT_OF_DATE if now - send.due_at > LONGEST_HOLD else ""


def begin(case: Case, send_id: str, now: datetime) -> Decision:
    """The network is about to be called. A send whose predecessor did not make it is failed instead."""
    send = case.send(send_id)
    if send is None or send.state is not SendState.QUEUED:
        return Refused(code="not_queued", text="That send is not waiting to go out.")
    first = stopped_by(case, send)
    if first is not None:
        # Nobody is called for this one: an alert would take the place of the one that says why the first one failed.
        reason = f"the {PURPOSE_WORDS[first.purpose]} before it did not go out"
        return _failed(with_send(case, send, state=SendState.FAILED, reason=reason, due_at=now), send, reason, now)
    before = case.send(send.after) if send.after else None
    if before is not None and before.state is not SendState.SENT:
        return Change(case=with_send(case, send, due_at=now + BACKOFF), redraw=False)
    attempt = send.attempt + 1
    return Change(case=with_send(case, send, state=SendState.SENDING, attempt=attempt, due_at=now + CALL_LEASE))


def sent(case: Case, send_id: str, proof: Sent, now: datetime, policy: Policy) -> Decision:
    """The send stands on the network: the clocks that it answers stop now."""
    send = case.send(send_id)
    if send is None or send.state is SendState.SENT:
        return Refused(code="known", text="That send is known to stand.")
    case = with_send(case, send, state=SendState.SENT, external_id=proof.id, url=proof.url, sent_at=now, reason="")
    if send.purpose in MODERATION:
        return carried_out(case, send, now)
    log = LogEntry(at=now, what=f"sent {one_of(send.purpose)}", by=send.by.id, detail=send.text)
    return Change(case=answered(case, send, now, policy), log=(log,))


def taken(case: Case, send_id: str, proof: Sent, now: datetime, policy: Policy) -> Decision:
    """The network answered that it took the send. If it has told by then that it failed, that stands."""
    send = case.send(send_id)
    if send is not None and send.state is SendState.FAILED:
        return Refused(code="known", text="That send is known to have failed.")
    return sent(case, send_id, proof, now, policy)


def confirmed(case: Case, send_id: str, proof: Sent | None) -> Decision:
    """The send was read back from the network (or, with None, could not be found yet)."""
    send = case.send(send_id)
    if send is None or send.state is not SendState.SENT or proof is None or send.read_back:
        return Refused(code="known", text="Nothing new about that send.")
    there = {"external_id": proof.id or send.external_id, "url": proof.url or send.url}
    return Change(case=with_send(case, send, read_back=True, **there))


def failed(
    case: Case, send_id: str, reason: str, now: datetime, *, refused: bool = False, unsure: bool = False
) -> Decision:
    """A final no: the text and the reason stay on the card, and its author hears of it directly.

    `refused`: the network said no to this try, so nothing of it stands. Of any other try that may not be so, and it
    stays counted: a Retry looks on the network first. `unsure`: so may a try of which the store knows nothing.
    """
    send = case.send(send_id)
    if send is None or send.state in IN_VAIN:
        return Refused(code="known", text="That send is known to have failed.")
    tried = send.attempt - 1 if refused and send.state is SendState.SENDING else max(send.attempt, int(unsure))
    case = with_send(case, send, state=SendState.FAILED, reason=reason, due_at=now, attempt=tried)
    who = case.author.label if case.author else "the customer"
    headline = could_not(send, who, reason) or f"Your {PURPOSE_WORDS[send.purpose]} did not reach {who}: {reason}"
    case = with_alert(case, send.by.id, headline, f"failed:{send.id}:{int(now.timestamp())}")
    return _failed(case, send, reason, now)


def _failed(case: Case, send: Send, reason: str, now: datetime) -> Change:
    return Change(case=case, log=(LogEntry(at=now, what="failed to send", by=send.by.id, detail=reason),))


def postponed(case: Case, send_id: str, reason: str, retry_after: float | None, now: datetime) -> Decision:
    """Nothing was done, a later try may work: wait as told (seconds), or longer each time; give up after eight."""
    send = case.send(send_id)
    if send is None or send.state not in (SendState.SENDING, SendState.QUEUED):
        return Refused(code="not_sending", text="That send is not on its way.")
    if send.attempt >= MAX_TRIES:
        return failed(case, send_id, f"gave up after {MAX_TRIES} tries: {reason}", now)
    backoff = BACKOFF * 2 ** max(0, send.attempt - 1)
    wait = timedelta(seconds=retry_after) if retry_after is not None else backoff
    return Change(case=with_send(case, send, state=SendState.QUEUED, due_at=now + wait, reason=reason))


def unseen(case: Case, send_id: str, reason: str, retry_after: float | None, now: datetime, *, final: bool) -> Decision:
    """Before another try nobody could look whether the last one stands: a look counts as a try, so that it ends.

    `final`: the network never tells. Then a person looks there; a Retry after that sends it without another look.
    """
    send = case.send(send_id)
    if send is None or send.state is not SendState.QUEUED:
        return Refused(code="not_queued", text="That send is not waiting to go out.")
    if not final:
        return postponed(with_send(case, send, attempt=send.attempt + 1), send_id, reason, retry_after, now)
    advice = "look there before you press Retry: a first try may have arrived, and Hark cannot see it"
    return failed(with_send(case, send, attempt=0), send_id, f"{advice} ({reason})", now)


def held(case: Case, send_id: str, reason: str, now: datetime, *, refused: bool = False) -> Decision:
    """The account's network takes nothing now: the send waits, its text and the reason on the card, for a day since
    somebody wanted it.

    `refused`: it was tried and surely not carried out, so this was no try. Any other try stays counted once, so that
    the next one looks on the network first.
    """
    send = case.send(send_id)
    if send is None or send.state not in (SendState.SENDING, SendState.QUEUED):
        return Refused(code="not_sending", text="That send is not on its way.")
    if now - (send.retried_at or send.created_at) > LONGEST_HOLD:
        return failed(case, send_id, f"waited for a day: {reason}", now)
    if send.state is SendState.QUEUED and send.reason == reason:
        return Refused(code="known", text="That send is known to wait.")
    attempt = send.attempt
    if send.state is SendState.SENDING:
        attempt = attempt - 1 if refused else max(1, attempt - 1)
    return Change(case=with_send(case, send, state=SendState.QUEUED, due_at=now, reason=reason, attempt=attempt))


def unknown(case: Case, send_id: str, now: datetime) -> Decision:
    """Its fate is unknown: look for it, soon at first, then seldom, at last no more (see `agenda.given_up`).

    Where looking means to send it again, the tries before count as looks: they end, too.
    """
    send = case.send(send_id)
    if send is None or send.state not in (SendState.SENDING, SendState.UNKNOWN):
        return Refused(code="not_sending", text="That send is not on its way.")
    checks = send.attempt + 1 if send.state is SendState.UNKNOWN else max(1, send.attempt)
    wait = CHECK_EVERY if checks <= QUICK_CHECKS else CHECK_SELDOM
    return Change(case=with_send(case, send, state=SendState.UNKNOWN, due_at=now + wait, attempt=checks))


def missing(case: Case, send_id: str, now: datetime) -> Decision:
    """It is certain that the send is not on the network: it may go out again, unless a later one has gone since, or
    nobody could look for so long that it may be out of date."""
    send = case.send(send_id)
    if send is None or send.state not in (SendState.UNKNOWN, SendState.SENDING):
        return Refused(code="known", text="Nothing new about that send.")
    overtaken = any(each.state in GONE_OUT for each in case.sends[case.sends.index(send) + 1 :])
    if send.state is SendState.UNKNOWN and overtaken:
        return failed(case, send_id, "it never arrived, and a later one has gone out since", now)
    if out_of_date(send, now):
        return failed(case, send_id, OUT_OF_DATE, now)
    return Change(case=with_send(case, send, state=SendState.QUEUED, due_at=now, reason=""))


def reported(case: Case, report: SendReport, policy: Policy) -> Decision:
    """The network says late what became of a send. What it says of an earlier try does not count any more.

    An answer that was taken for sent and did not arrive has answered nobody: the clocks that it stopped run again. One
    that arrived has: a customer with several devices has it on one of them, whatever is said of the others.
    """
    send = case.send(report.send)
    if send is not None and send.sent_at is not None and report.at < _began(send, send.sent_at) - REPORT_TOLERANCE:
        return Refused(code="stale", text="That report is about an earlier try.")
    if report.ok:
        return _arrived(case, report, policy) if report.arrived else _has_it(case, report, policy)
    if send is not None and send.arrived:
        return Refused(code="arrived", text="That send is known to have arrived.")
    answer = failed(case, report.send, report.reason or "the network did not deliver it", report.at)
    if isinstance(answer, Refused) or send is None or send.state is not SendState.SENT:
        return answer
    return answer.model_copy(update={"case": not_answered(answer.case, send, policy)})


def _has_it(case: Case, report: SendReport, policy: Policy) -> Decision:
    """The network has a send, though its answer to the call is late or lost. One that has failed since has failed."""
    send = case.send(report.send)
    if send is None or send.state not in (SendState.SENDING, SendState.UNKNOWN):
        return Refused(code="known", text="Nothing new about that send.")
    return sent(case, report.send, Sent(id=report.send), report.at, policy)


def _arrived(case: Case, report: SendReport, policy: Policy) -> Decision:
    """The send stands, and the customer has it; no card shows the latter."""
    stands = sent(case, report.send, Sent(id=report.send), report.at, policy)
    case = stands.case if isinstance(stands, Change) else case
    send = case.send(report.send)
    if send is None or send.arrived:
        return Refused(code="known", text="That send is known to have arrived.")
    case = with_send(case, send, arrived=True)
    return stands.model_copy(update={"case": case}) if isinstance(stands, Change) else Change(case=case, redraw=False)


def _began(send: Send, sent_at: datetime) -> datetime:
    """When the newest try began (see `begin`): the network may know how it ends long before it answers."""
    began = send.due_at - CALL_LEASE
    return began if send.state is SendState.SENDING else min(began, sent_at)
