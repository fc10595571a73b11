"""The life of a send on its way to the network: begun, sent, failed, unknown, read back.

Before the network is called the case says `sending`; whoever finds a send in that state later knows that its fate
is unknown, and looks for it on the network before anything is tried again.
"""

from datetime import datetime, timedelta

from bot.domain.agenda import QUICK_CHECKS, in_line
from bot.domain.case import ANSWERS, FIRST_WORDS, IN_VAIN, MODERATION, Case, Item, LogEntry, Purpose, Send, SendState
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.hiding import carried_out, could_not
from bot.domain.models import Kind, SendReport, Sent
from bot.domain.policy import Policy
from bot.domain.posting import with_alert
from bot.domain.replying import PURPOSE_WORDS, with_send
from bot.domain.targets import acknowledged, due_marks, fire, start_wait

GONE_OUT = frozenset({SendState.SENDING, SendState.SENT})
CALL_LEASE = timedelta(seconds=60)
CHECK_EVERY = timedelta(seconds=30)
CHECK_SELDOM = timedelta(hours=1)
MAX_TRIES = 8
BACKOFF = timedelta(seconds=5)
REPORT_TOLERANCE = timedelta(seconds=5)
"""Networks date their reports in whole seconds, by clocks of their own."""
LONGEST_BACKOFF = timedelta(minutes=10)
LONGEST_HOLD = timedelta(days=1)
"""An answer that waited for its network for longer may be out of date: a person decides."""


def due_send(case: Case, now: datetime) -> Send | None:
    """The send to act on now. Sends of one conversation go out in order: one on its way holds up later ones."""
    return next((send for send in in_line(case) if send.due_at <= now), None)


def orphan(case: Case) -> Send | None:
    """A send whose call began under a lease that is over: asked by the next holder, before the call may count as over.

    It may be looked for at once; that it is not there yet proves nothing before it is due.
    """
    return next((send for send in in_line(case) if send.state is SendState.SENDING), None)


def begin(case: Case, send_id: str, now: datetime) -> Decision:
    """The network is about to be called. A send whose predecessor did not make it is failed instead."""
    send = case.send(send_id)
    if send is None or send.state is not SendState.QUEUED:
        return Refused(code="not_queued", text="That send is not waiting to go out.")
    before = case.send(send.after) if send.after else None
    if before is not None and before.state is not SendState.SENT:
        if before.state in IN_VAIN:
            return failed(case, send_id, f"the {PURPOSE_WORDS[before.purpose]} before it did not go out", now)
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
    log = LogEntry(at=now, what=f"sent a {PURPOSE_WORDS[send.purpose]}", by=send.by.id, detail=send.text)
    return Change(case=_clocks(case, send, now, policy), log=(log,))


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


def failed(case: Case, send_id: str, reason: str, now: datetime, *, refused: bool = False) -> Decision:
    """A final no: the text and the reason stay on the card, and its author hears of it directly.

    `refused`: the network said no to this try, so nothing of it stands. Of any other try that may not be so, and it
    stays counted: a Retry looks on the network first.
    """
    send = case.send(send_id)
    if send is None or send.state in IN_VAIN:
        return Refused(code="known", text="That send is known to have failed.")
    tried = send.attempt - 1 if refused and send.state is SendState.SENDING else send.attempt
    case = with_send(case, send, state=SendState.FAILED, reason=reason, due_at=now, attempt=tried)
    who = case.author.label if case.author else "the customer"
    headline = could_not(send, who, reason) or f"Your {PURPOSE_WORDS[send.purpose]} did not reach {who}: {reason}"
    case = with_alert(case, send.by.id, headline, f"failed:{send.id}:{int(now.timestamp())}")
    return Change(case=case, log=(LogEntry(at=now, what="failed to send", by=send.by.id, detail=reason),))


def postponed(case: Case, send_id: str, reason: str, retry_after: float | None, now: datetime) -> Decision:
    """Nothing was done, a later try may work: wait as told (seconds), or longer each time; give up after eight."""
    send = case.send(send_id)
    if send is None or send.state not in (SendState.SENDING, SendState.QUEUED):
        return Refused(code="not_sending", text="That send is not on its way.")
    if send.attempt >= MAX_TRIES:
        return failed(case, send_id, f"gave up after {MAX_TRIES} tries: {reason}", now)
    backoff = min(BACKOFF * 2 ** max(0, send.attempt - 1), LONGEST_BACKOFF)
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
    """The account's network takes nothing now: the send waits, its text and the reason on the card, for a day.

    `refused`: it was tried and surely not carried out, so this was no try. Any other try stays counted once, so that
    the next one looks on the network first.
    """
    send = case.send(send_id)
    if send is None or send.state not in (SendState.SENDING, SendState.QUEUED):
        return Refused(code="not_sending", text="That send is not on its way.")
    if now - send.created_at > LONGEST_HOLD:
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
    """It is certain that the send is not on the network: it may go out again, unless a later one has gone since."""
    send = case.send(send_id)
    if send is None or send.state not in (SendState.UNKNOWN, SendState.SENDING):
        return Refused(code="known", text="Nothing new about that send.")
    overtaken = any(each.state in GONE_OUT for each in case.sends[case.sends.index(send) + 1 :])
    if send.state is SendState.UNKNOWN and overtaken:
        return failed(case, send_id, "it never arrived, and a later one has gone out since", now)
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
    return answer.model_copy(update={"case": _unanswered(answer.case, send, policy)})


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


def _unanswered(case: Case, send: Send, policy: Policy) -> Case:
    """The case after a send that counted did not arrive: what stands of the others says since when nobody waits."""
    instants = {"acknowledged_at": FIRST_WORDS, "answered_at": ANSWERS, "private_at": frozenset({Purpose.PRIVATE})}
    stopped = {name: acts for name, acts in instants.items() if getattr(case.cycle, name) == send.sent_at}
    cycle = case.cycle.model_copy(update={name: _first(case, acts) for name, acts in stopped.items()})
    case = case.model_copy(update={"cycle": cycle})
    if send.purpose not in ANSWERS or case.wait is not None or not case.is_open:
        return case
    words = unanswered(case)
    if not words:
        return case
    with_ack = cycle.acknowledged_at is None
    wait = start_wait(words[0].seen_at, policy, with_ack=with_ack, window=case.latest.reply_until)
    return case.model_copy(update={"wait": wait})


def _first(case: Case, acts: frozenset[Purpose]) -> datetime | None:
    """When the first of these acts in this cycle went out, of those that stand."""
    since = case.cycle.seen_at
    stand = (each.sent_at for each in case.sends if each.state is SendState.SENT and each.purpose in acts)
    return min((at for at in stand if at is not None and at >= since), default=None)


def unanswered(case: Case) -> list[Item]:
    """The customer's words of this cycle after which no answer that stands was written, earliest first."""
    answers = [each for each in case.sends if each.state is SendState.SENT and each.purpose in ANSWERS]
    words = (each for each in case.items if not each.deleted and each.seen_at >= case.cycle.seen_at)
    rest = (each for each in words if all(each.seen_at > answer.created_at for answer in answers))
    return sorted(rest, key=lambda each: each.seen_at)


def _clocks(case: Case, send: Send, now: datetime, policy: Policy) -> Case:
    """Stop the clocks that this send answers. A public line or a like answers nothing by itself."""
    cycle: dict[str, datetime | None] = {}
    update: dict[str, object] = {}
    case = _with_misses(case, now)
    if send.purpose in FIRST_WORDS:
        cycle["acknowledged_at"] = case.cycle.acknowledged_at or now
        update["wait"] = acknowledged(case.wait) if case.wait else None
    if send.purpose in ANSWERS:
        cycle["answered_at"] = case.cycle.answered_at or now
        update["wait"] = _still_waiting(case, policy)
    if send.purpose is Purpose.PRIVATE:
        cycle["private_at"] = case.cycle.private_at or now
        update["loop_open"] = case.loop_open or any(not item.private for item in case.items)
    if send.closes_loop:
        update["loop_open"] = False
    return case.model_copy(update={**update, "cycle": case.cycle.model_copy(update=cycle)})


def _with_misses(case: Case, now: datetime) -> Case:
    """The case in which what is overdue by now is a miss, although no timer has come to say so. Alerts are its own."""
    if case.wait is None:
        return case
    _, cycle = fire(case.wait, case.cycle, due_marks(case, now))
    return case.model_copy(update={"cycle": cycle})


def _still_waiting(case: Case, policy: Policy) -> object:
    """After an answer nobody waits, unless the customer wrote again after the last answer that stands was written."""
    later = [item for item in unanswered(case) if item.kind is not Kind.MATCH]
    if not later or case.wait is None:
        return None
    return start_wait(later[0].seen_at, policy, with_ack=False, window=later[0].reply_until)
