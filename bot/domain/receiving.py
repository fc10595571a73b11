"""What a customer does, as it changes a case: new words, a return after closing, an edit, a deletion, a repost."""

from collections.abc import Callable
from datetime import datetime

from bot.domain.answering import with_misses
from bot.domain.case import Case, Cycle, Item, LogEntry, SendState, Status, Wait
from bot.domain.decisions import Change, Decision, Refused, changed
from bot.domain.hiding import lapsed, signs_of
from bot.domain.models import Author, CaseKey, Interaction, Kind, Moved
from bot.domain.policy import Policy
from bot.domain.posting import SAID, longer, new_card, unsaid, with_line
from bot.domain.reading import Reading, priority
from bot.domain.snoozing import ended
from bot.domain.targets import start_wait, within

Read = Callable[[str], Reading]
"""How words read."""

ITEMS_KEPT = 12
EARLIER_KEPT = 5


def open_case(key: CaseKey, item: Item, reading: Reading, policy: Policy) -> Change:
    """The first interaction of a conversation: a new case, with a card wanted in the channel for such cases."""
    signs = signs_of(item, reading)
    item = item.model_copy(update={"signs": signs}) if signs != item.signs else item
    cycle = _cycle(1, item, reading, policy)
    case = Case(
        key=key,
        author=item.author,
        items=(item,),
        reading=reading,
        priority=priority(reading, item.kind),
        cycle=cycle,
        wait=_promise(cycle, item, reading, policy),
        posts=(new_card(policy.channel_of(key, item.kind)),),
        swept=item.late,
    )
    return Change(case=case, log=(_log(item, "wrote"),))


def receive(case: Case, item: Item, reading: Reading, policy: Policy) -> Change:
    """One more interaction of a known conversation; `item.seq` is set here.

    Items stand in the order in which they were posted, so one that comes late is not shown as the newest.
    """
    item = _with_known_name(case, item)
    case = _all_named(case, item.author)
    item = item.model_copy(update={"seq": case.item_count + 1, "signs": signs_of(item, reading)})
    returning = not case.is_open and needs_answer(case.cycle, item, reading)
    if returning:
        case = _next_cycle(case, item, reading, policy)
    items = _in_order(*case.items, item)
    newest = _newest(item, reading) if items[-1] is item else {}
    wait = _waiting(case, item, reading, policy)
    woken = ended(case, item.seen_at) if wait else ()
    case = case.model_copy(
        update={
            "cycle": _begun(case, item, reading, wait),
            "items": items[-ITEMS_KEPT:],
            "item_count": item.seq,
            "author": _whose(case, item, is_first=items[0] is item and item.seq <= ITEMS_KEPT),
            "people": _count_people(case, item),
            "wait": wait,
            "snooze": None if wait else case.snooze,  # a mere thank-you would bring nobody back
            **newest,
        }
    )
    case, name = _told(case, item), _name(item)
    if returning:
        case = with_line(case, f"back:{case.cycle.n}", f"{name} is back after this case was closed.", thread=False)
    return Change(case=case, log=(_log(item, "came back" if returning else "wrote"), *woken))


def _told(case: Case, item: Item) -> Case:
    """The case with a line for its thread about these words.

    A line of the same customer that waits still, for Slack or for the card, takes them in: who writes three hundred
    times in a row must not take all the room in the channel.
    """
    said, before = item.text or "sent an attachment", item.seq - 1
    goes_on = any(each.seq == before and _is_same(each, item) and each.private == item.private for each in case.items)
    together = longer(case, f"{SAID}{before}", f"{SAID}{item.seq}", said) if goes_on else None
    return together or with_line(case, f"{SAID}{item.seq}", f"{_name(item)}: {said}")


def _lines_after(case: Case, item: Item) -> set[str]:
    """The lines that may hold these words: their own, and those of the same customer into which it may have gone."""
    return {f"{SAID}{each.seq}" for each in case.items if each.seq >= item.seq and _is_same(each, item)}


def _is_same(one: Item, other: Item) -> bool:
    """Whether two items are of one customer."""
    return (one.author and one.author.id) == (other.author and other.author.id)


def _name(item: Item) -> str:
    return item.author.label if item.author else "The customer"


def needs_answer(cycle: Cycle, item: Item, reading: Reading) -> bool:
    """Whether these words start a promise: a plain "thank you" after our answer does not, a bare search hit neither."""
    if item.kind is Kind.MATCH:
        return reading.intent in ("complaint", "question")
    thanks = reading.intent == "praise" and not reading.question
    return not (thanks and cycle.answered_at)


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
    item = case.item(item_id)
    if item is None:
        return Refused(code="unknown_item", text="The case does not keep that interaction any more.")
    if item.version == version or item.deleted or now < _worded_at(item):
        return Refused(code="known", text="That edit is known already.")
    new = item.model_copy(
        update={
            "text": text,
            "version": version,
            "edited": True,
            "edited_at": now,
            "earlier": item.earlier if text == item.text else (*item.earlier, item.text)[-EARLIER_KEPT:],
            "masked": masked,
            "cut": cut,
            "ref": {**item.ref, **(ref or {})},
        }
    )
    new = new.model_copy(update={"signs": signs_of(new, reading or Reading())})
    change = changed(case, LogEntry(at=now, what="edited by the customer"), items=_replace(case, new))
    return lapsed(change, item_id, "the customer changed the words", now)


def completed(case: Case, again: Item, policy: Policy) -> Decision:
    """The same words came through another door, or the first words after an edit of them: what was missing is added.

    The earliest telling says when and with what they were posted; an edit's words stay, also when the first come late.
    What a search had found may turn out to call on us: then it can be answered, and somebody waits.
    """
    item = case.item(again.id)
    if item is None or item.deleted:
        return Refused(code="known", text="These words are known already.")
    new = _filled(item, again)
    if _worded_at(again) < _worded_at(item):
        base = _filled(again, item) if again.posted_at <= item.posted_at else new
        # The newest words say how they are answered.
        new = base.model_copy(update={**_kept(item, again.text), "ref": {**again.ref, **item.ref}})
    if new == item:
        return Refused(code="known", text="These words are known already.")
    author = _whose(case, new, is_first=False)
    wait = _waiting(case, new, case.reading, policy) if _calls_now(case, item, new) else case.wait
    case = case.model_copy(update={"items": _in_order(*_replace(case, new)), "author": author, "wait": wait})
    return Change(case=_all_named(case, new.author))


def _filled(item: Item, other: Item) -> Item:
    """An item, with the address and the author's name of another where it has none, and how that one calls on us."""
    nameless = item.author is None or not item.author.name
    named = other.author is not None and (item.author is None or item.author.id == other.author.id)
    author = other.author if nameless and named else item.author
    calls = item.kind is Kind.MATCH and other.kind is not Kind.MATCH
    told = {name: getattr(other, name) for name in ("kind", "answerable", "stream") if calls}
    return item.model_copy(update={"author": author, "url": item.url or other.url, **told})


def _calls_now(case: Case, before: Item, after: Item) -> bool:
    """Whether only now it is known that these words call on us, and nobody has answered since they came."""
    answered = case.cycle.answered_at is not None and case.cycle.answered_at >= before.seen_at
    return before.kind is Kind.MATCH and after.kind is not Kind.MATCH and not answered


STANDING = ("seq", "seen_at", "text", "version", "masked", "cut", "late", "signs", "hidden", "hidden_at")
"""What an earlier telling of the same words does not change."""


def _kept(item: Item, first: str) -> dict[str, object]:
    """What an item keeps when an earlier telling of it comes later: its place, and its words if they are an edit."""
    kept = {name: getattr(item, name) for name in STANDING}
    if not item.edited and item.text == first:
        return kept | {"edited_at": item.edited_at}
    earlier = item.earlier if first in {item.text, *item.earlier} else (*item.earlier, first)[-EARLIER_KEPT:]
    return kept | {"edited": True, "edited_at": _worded_at(item), "earlier": earlier}


def _whose(case: Case, item: Item, *, is_first: bool) -> Author | None:
    """Whose case it is: of the one who spoke first, by the fullest name that was told."""
    if case.author is None or item.author is None:
        return case.author or item.author
    if case.author.id == item.author.id:
        return case.author if case.author.name else item.author
    return item.author if is_first else case.author


def reread(case: Case, decision: Decision, read: Read) -> Decision:
    """The decision, with the case read anew where other words are its newest now: an edit or a deletion can do that."""
    if isinstance(decision, Refused):
        return decision
    before, after = case.latest, decision.case.latest
    if after.deleted or (before.id, before.text) == (after.id, after.text):
        return decision
    newest = _newest(after, read(after.text))
    return decision.model_copy(update={"case": decision.case.model_copy(update=newest)})


def _newest(item: Item, reading: Reading) -> dict[str, object]:
    """What the newest words say of their case."""
    return {"reading": reading, "priority": priority(reading, item.kind), "swept": item.late}


def deleted(case: Case, item_id: str, now: datetime) -> Decision:
    """The customer took words away: a tombstone stays, the words go, also from a line that waits still. With nothing
    left to answer, nobody waits."""
    item = case.item(item_id)
    if item is None or item.deleted:
        return Refused(code="unknown_item", text="The case does not keep that interaction any more.")
    gone = item.model_copy(update={"text": "", "earlier": (), "attachments": (), "deleted": True})
    items = _replace(case, gone)
    left = {} if _still_asked(case.wait, gone, items) else {"wait": None, "cycle": _without_words(case, now)}
    told = unsaid(case, _lines_after(case, item), (item.text, *item.earlier))
    change = changed(told, LogEntry(at=now, what="deleted on the network"), items=items, **left)
    return lapsed(change, item_id, "the customer deleted the comment", now)


def _without_words(case: Case, now: datetime) -> Cycle:
    """The cycle once nobody waits any more since the words are gone: a promise that was broken by then stays broken."""
    cycle = with_misses(case, now).cycle
    waited = case.wait is not None and cycle.answered_at is None
    return cycle.model_copy(update={"gone_at": now}) if waited and cycle.missed else cycle


def _still_asked(wait: Wait | None, gone: Item, items: tuple[Item, ...]) -> bool:
    """Whether somebody waits still: for an answer to what is left of the words since when, if those were among them."""
    left = [each for each in items if not each.deleted]
    if wait is None or gone.seen_at < wait.since:
        return bool(left)
    return any(each.seen_at >= wait.since for each in left)


def named(case: Case, author: Author) -> Decision:
    """A customer whom deliveries name by id only has a name: wherever the case shows them, now and later."""
    items = tuple(_as_named(item, author) for item in case.items)
    known = case.author
    who = author if known is not None and _is_nameless(known, author.id) else known
    if items == case.items and who == known:
        return Refused(code="known", text="The case shows that name already.")
    return changed(case, items=items, author=who)


def moved(case: Case, event: Moved, *, joins: bool) -> Decision:
    """A customer goes on under another id: what they wrote is by that one, too, and answers to it go there, also those
    that have not gone out yet. `joins`: what comes from there belongs to this case."""
    items = tuple(_as_moved(item, event) for item in case.items)
    if items == case.items:
        return Refused(code="known", text="The case knows that already.")
    theirs = {item.id for item, new in zip(case.items, items, strict=True) if item != new}
    sends = tuple(
        send.model_copy(update={"ref": {**send.ref, **event.ref}})
        if send.to in theirs and send.state is not SendState.SENT
        else send
        for send in case.sends
    )
    was = case.author
    who = was.model_copy(update={"id": event.now}) if was is not None and was.id == event.was else was
    name = who.label if who else "The customer"
    where = "belongs to this case" if joins else "has a case of its own"
    text = f"{name} has another number now: answers go there, and what comes from there {where}."
    case = case.model_copy(update={"items": items, "sends": sends, "author": who})
    case = with_line(case, f"moved:{event.at.timestamp():.0f}", text)
    return Change(case=case, log=(LogEntry(at=event.at, what=f"{name} changed the number"),))


def _as_moved(item: Item, event: Moved) -> Item:
    if item.author is None or item.author.id != event.was:
        return item
    author = item.author.model_copy(update={"id": event.now})
    return item.model_copy(update={"author": author, "ref": {**item.ref, **event.ref}})


def _all_named(case: Case, author: Author | None) -> Case:
    """The case, in which whoever has a name by now has it everywhere."""
    told = named(case, author) if author is not None and (author.name or author.handle) else None
    return told.case if isinstance(told, Change) else case


def _as_named(item: Item, author: Author) -> Item:
    nameless = item.author is not None and _is_nameless(item.author, author.id)
    return item.model_copy(update={"author": author}) if nameless else item


def _with_known_name(case: Case, item: Item) -> Item:
    """The item with the name that the case knows its author by, where the delivery told only the id."""
    known = [each.author for each in case.items if each.author and each.author.name + each.author.handle]
    same = [author for author in known if item.author is not None and _is_nameless(item.author, author.id)]
    return item.model_copy(update={"author": same[-1]}) if same else item


def _is_nameless(author: Author, id_: str) -> bool:
    return author.id == id_ and not author.name and not author.handle


def folded(case: Case, interaction: Interaction) -> Change:
    """A like or repost that belongs to a case is counted on its card."""
    if interaction.kind is Kind.REPOST:
        return changed(case, reposts=case.reposts + 1)
    return changed(case, likes=case.likes + 1)


def _waiting(case: Case, item: Item, reading: Reading, policy: Policy) -> Wait | None:
    """What is promised once these words are there, too: they may have to be answered sooner than those before."""
    if case.wait is None:
        return _promise(case.cycle, item, reading, policy) if case.is_open else None
    if item.reply_until is None or item.reply_until <= item.seen_at or not needs_answer(case.cycle, item, reading):
        return case.wait
    return within(case.wait, item.reply_until, policy)


def _promise(cycle: Cycle, item: Item, reading: Reading, policy: Policy) -> Wait | None:
    """What somebody who has not waited yet is promised from these words on, if they want an answer."""
    if not needs_answer(cycle, item, reading):
        return None
    with_ack = cycle.acknowledged_at is None
    return start_wait(item.seen_at, policy, with_ack=with_ack, window=item.reply_until)


def _begun(case: Case, item: Item, reading: Reading, wait: Wait | None) -> Cycle:
    """The cycle, begun by these words where they are the first that want an answer: what came before was a bare search
    hit, or was taken back, and nobody has said anything to it."""
    if case.wait is not None or wait is None or case.cycle.acknowledged_at or case.cycle.answered_at:
        return case.cycle
    update = {"posted_at": item.posted_at, "seen_at": item.seen_at, "said": _said(reading)}
    return case.cycle.model_copy(update=update)


def _next_cycle(case: Case, item: Item, reading: Reading, policy: Policy) -> Case:
    return case.model_copy(
        update={
            "status": Status.OPEN,
            "cycle": _cycle(case.cycle.n + 1, item, reading, policy),
            "claim": None,
            "wait": None,
            "close_reason": "",
        }
    )


def _cycle(n: int, item: Item, reading: Reading, policy: Policy) -> Cycle:
    version = policy.calendar.version
    return Cycle(n=n, posted_at=item.posted_at, seen_at=item.seen_at, calendar=version, said=_said(reading))


def _said(reading: Reading) -> tuple[str, ...]:
    """What is counted of words: spam says nothing of what customers think."""
    return () if reading.spam else (reading.intent, *reading.topics)


def _count_people(case: Case, item: Item) -> int:
    known = {each.author.id for each in case.items if each.author}
    return case.people + (1 if item.author and known and item.author.id not in known else 0)


def _worded_at(item: Item) -> datetime:
    return item.edited_at or item.posted_at


def _in_order(*items: Item) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: item.posted_at))


def _replace(case: Case, new: Item) -> tuple[Item, ...]:
    return tuple(new if item.id == new.id else item for item in case.items)


def _log(item: Item, what: str) -> LogEntry:
    return LogEntry(at=item.seen_at, what=f"{_name(item)} {what}")
