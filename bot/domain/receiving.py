"""What a customer does, as it changes a case: new words, a return after closing, an edit, a deletion, a repost."""

from datetime import datetime

from bot.domain.case import Case, Cycle, Item, LogEntry, Status
from bot.domain.decisions import Change, Decision, Refused, changed
from bot.domain.hiding import lapsed, signs_of
from bot.domain.models import CaseKey, Interaction, Kind
from bot.domain.policy import Policy
from bot.domain.posting import with_card, with_line
from bot.domain.reading import Reading
from bot.domain.targets import start_wait

ITEMS_KEPT = 12
EARLIER_KEPT = 5


def open_case(key: CaseKey, item: Item, reading: Reading, priority: int, policy: Policy) -> Change:
    """The first interaction of a conversation: a new case, with a card wanted in the team's channel."""
    item = item.model_copy(update={"signs": signs_of(item, reading)})
    case = Case(
        key=key,
        author=item.author,
        items=(item,),
        reading=reading,
        priority=priority,
        cycle=_cycle(1, item, policy),
        swept=item.late,
    )
    case = with_card(_waiting(case, item, reading, policy), policy.channel)
    return Change(case=case, log=(_log(item, "wrote"),))


def receive(case: Case, item: Item, reading: Reading, priority: int, policy: Policy) -> Change:
    """One more interaction of a known conversation; `item.seq` is set here."""
    item = item.model_copy(update={"seq": case.item_count + 1, "signs": signs_of(item, reading)})
    returning = not case.is_open and needs_answer(case, item, reading)
    if returning:
        case = _next_cycle(case, item, policy)
    case = case.model_copy(
        update={
            "items": (*case.items, item)[-ITEMS_KEPT:],
            "item_count": item.seq,
            "author": case.author or item.author,
            "people": _count_people(case, item),
            "reading": reading,
            "priority": priority,
            "swept": item.late,
        }
    )
    case = _waiting(case, item, reading, policy)
    name = item.author.label if item.author else "The customer"
    case = with_line(case, f"item:{item.seq}", f"{name}: {item.text or 'sent an attachment'}")
    if returning:
        case = with_line(case, f"back:{case.cycle.n}", f"{name} is back after this case was closed.", thread=False)
    return Change(case=case, log=(_log(item, "came back" if returning else "wrote"),))


def needs_answer(case: Case, item: Item, reading: Reading) -> bool:
    """Whether these words start a promise: a plain "thank you" after our answer does not, a bare search hit neither."""
    if item.kind is Kind.MATCH:
        return reading.intent in ("complaint", "question")
    thanks = reading.intent == "praise" and not reading.question
    return not (thanks and case.cycle.answered_at)


def edited(
    case: Case,
    item_id: str,
    text: str,
    version: str,
    *,
    masked: bool,
    cut: bool,
    now: datetime,
    reading: Reading | None = None,
    ref: dict[str, str] | None = None,
) -> Decision:
    """The customer changed words that the case keeps, at `now`. Edits may arrive in any order: the last one counts.

    `ref` is what has changed of what answering takes; `reading` is how it reads.
    """
    item = _find(case, item_id)
    if item is None:
        return Refused(code="unknown_item", text="The case does not keep that interaction any more.")
    older = item.edited_at is not None and now < item.edited_at
    if item.version == version or item.deleted or older:
        return Refused(code="known", text="That edit is known already.")
    new = item.model_copy(
        update={
            "text": text,
            "version": version,
            "edited": True,
            "edited_at": now,
            "earlier": (*item.earlier, item.text)[-EARLIER_KEPT:],
            "masked": masked,
            "cut": cut,
            "ref": {**item.ref, **(ref or {})},
        }
    )
    new = new.model_copy(update={"signs": signs_of(new, reading or Reading())})
    change = changed(case, LogEntry(at=now, what="edited by the customer"), items=_replace(case, new))
    return lapsed(change, item_id, "the customer changed the words", now)


def deleted(case: Case, item_id: str, now: datetime) -> Decision:
    """The customer took words away: a tombstone stays, the words go. With nothing left, nobody waits."""
    item = _find(case, item_id)
    if item is None or item.deleted:
        return Refused(code="unknown_item", text="The case does not keep that interaction any more.")
    gone = item.model_copy(update={"text": "", "earlier": (), "attachments": (), "deleted": True})
    items = _replace(case, gone)
    wait = None if all(each.deleted for each in items) else case.wait
    change = changed(case, LogEntry(at=now, what="deleted on the network"), items=items, wait=wait)
    return lapsed(change, item_id, "the customer deleted the comment", now)


def folded(case: Case, interaction: Interaction) -> Decision:
    """A like or repost that belongs to an open case is counted on its card."""
    if not case.is_open:
        return Refused(code="closed", text="The case is closed; this goes to the digest.")
    if interaction.kind is Kind.REPOST:
        return changed(case, reposts=case.reposts + 1)
    return changed(case, likes=case.likes + 1)


def _waiting(case: Case, item: Item, reading: Reading, policy: Policy) -> Case:
    if case.wait is not None or not case.is_open or not needs_answer(case, item, reading):
        return case
    with_ack = case.cycle.acknowledged_at is None
    wait = start_wait(item.seen_at, policy, with_ack=with_ack, window=item.reply_until)
    return case.model_copy(update={"wait": wait})


def _next_cycle(case: Case, item: Item, policy: Policy) -> Case:
    return case.model_copy(
        update={
            "status": Status.OPEN,
            "cycle": _cycle(case.cycle.n + 1, item, policy),
            "claim": None,
            "wait": None,
            "loop_open": False,
            "close_reason": "",
        }
    )


def _cycle(n: int, item: Item, policy: Policy) -> Cycle:
    return Cycle(n=n, posted_at=item.posted_at, seen_at=item.seen_at, calendar=policy.calendar.version)


def _count_people(case: Case, item: Item) -> int:
    known = {each.author.id for each in case.items if each.author}
    return case.people + (1 if item.author and known and item.author.id not in known else 0)


def _find(case: Case, item_id: str) -> Item | None:
    return next((item for item in case.items if item.id == item_id), None)


def _replace(case: Case, new: Item) -> tuple[Item, ...]:
    return tuple(new if item.id == new.id else item for item in case.items)


def _log(item: Item, what: str) -> LogEntry:
    name = item.author.label if item.author else "The customer"
    return LogEntry(at=item.seen_at, what=f"{name} {what}")
