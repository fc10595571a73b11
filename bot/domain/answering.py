"""What our words do to the clocks of a case: an answer stops them, and they run again where it did not arrive.

What is unanswered follows from what stands: an answer counts for the words that were there when it was written.
"""

from datetime import datetime

from bot.domain.case import ANSWERS, FIRST_WORDS, Case, Item, Purpose, Send, SendState, Wait
from bot.domain.models import Kind
from bot.domain.policy import Policy
from bot.domain.targets import acknowledged, due_marks, fire, stamped, start_wait


def unanswered(case: Case) -> list[Item]:
    """The customer's words of this cycle after which no answer that stands was written, earliest first."""
    answers = [each for each in case.sends if each.state is SendState.SENT and each.purpose in ANSWERS]
    words = (each for each in case.items if not each.deleted and each.seen_at >= case.cycle.seen_at)
    rest = (each for each in words if all(each.seen_at > answer.created_at for answer in answers))
    return sorted(rest, key=lambda each: each.seen_at)


def answered(case: Case, send: Send, now: datetime, policy: Policy) -> Case:
    """The case in which a send has stopped the clocks that it answers. A public line or a like answers nothing, nor do
    words that were written before the customer came back: they are of the cycle before."""
    cycle: dict[str, datetime | None] = {}
    update: dict[str, object] = {}
    case, of_cycle = with_misses(case, now), send.created_at >= case.cycle.seen_at
    if of_cycle and send.purpose in FIRST_WORDS:
        cycle["acknowledged_at"] = case.cycle.acknowledged_at or now
        update["wait"] = acknowledged(case.wait) if case.wait else None
    if of_cycle and send.purpose in ANSWERS:
        cycle["answered_at"] = case.cycle.answered_at or now
        update["wait"] = _still_waiting(case, policy)
    if send.purpose is Purpose.PRIVATE:
        cycle["private_at"] = case.cycle.private_at or now
        update["loop_open"] = True
    if send.closes_loop:
        update["loop_open"] = False
    return case.model_copy(update={**update, "cycle": stamped(case, cycle, policy)})


def not_answered(case: Case, send: Send, policy: Policy) -> Case:
    """The case after a send that counted did not arrive: what stands of the others says since when nobody waits."""
    instants = {"acknowledged_at": FIRST_WORDS, "answered_at": ANSWERS, "private_at": frozenset({Purpose.PRIVATE})}
    stopped = {name: acts for name, acts in instants.items() if getattr(case.cycle, name) == send.sent_at}
    measured = case.cycle.answered_desk_s is not None
    cycle = stamped(case, {name: _first(case, acts) for name, acts in stopped.items()}, policy)
    if measured and cycle.answered_at is None and not case.is_open:
        cycle = cycle.model_copy(update={"left": True})
    case = case.model_copy(update={"cycle": cycle})
    if send.purpose not in ANSWERS or case.wait is not None or not case.is_open:
        return case
    words = unanswered(case)
    if not words:
        # They are gone by now; a promise that was broken stays so, as if they had gone when the answer went out.
        gone = measured and cycle.answered_at is None and cycle.missed
        return case.model_copy(update={"cycle": cycle.model_copy(update={"gone_at": send.sent_at})}) if gone else case
    with_ack = cycle.acknowledged_at is None
    wait = start_wait(words[0].seen_at, policy, with_ack=with_ack, window=case.latest.reply_until)
    return case.model_copy(update={"wait": wait})


def with_misses(case: Case, now: datetime) -> Case:
    """The case in which what is overdue by now is a miss, although no timer has come to say so. Alerts are its own."""
    if case.wait is None:
        return case
    _, cycle = fire(case.wait, case.cycle, due_marks(case, now))
    return case.model_copy(update={"cycle": cycle})


def _still_waiting(case: Case, policy: Policy) -> Wait | None:
    """After an answer nobody waits, unless the customer wrote again after the last answer that stands was written."""
    later = [item for item in unanswered(case) if item.kind is not Kind.MATCH]
    if not later or case.wait is None:
        return None
    return start_wait(later[0].seen_at, policy, with_ack=False, window=later[0].reply_until)


def _first(case: Case, acts: frozenset[Purpose]) -> datetime | None:
    """When the first of these acts in this cycle went out, of those that stand."""
    done = (each for each in case.sends if each.state is SendState.SENT and each.purpose in acts)
    stand = (each.sent_at for each in done if each.created_at >= case.cycle.seen_at)
    return min((at for at in stand if at is not None), default=None)
