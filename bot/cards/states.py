"""Where the case stands, in words: promise, who has it, privacy, who is writing; and the one line of context."""

from bot.cards import build
from bot.cards.action_ids import ActionId, Press
from bot.cards.escape import date_token, due_token, line
from bot.cards.view import View, offered
from bot.cards.words import ABUSE, INTENTS, URGENT_BECAUSE, count, is_urgent, staff_name
from bot.domain.agenda import lapsing
from bot.domain.case import NOT_FOR_US, Case, MarkName
from bot.domain.offers import Offer, better_in_private


def context_line(case: Case, view: View) -> build.Block:
    """What it is about and by when: intent, urgency, topics, due time, window, likes."""
    reading = case.reading
    facts = [
        INTENTS[reading.intent],
        _urgency(case),
        ABUSE[reading.abuse],
        "🚩 looks like spam" if reading.spam else "",
        ", ".join(line(topic, 30) for topic in reading.topics[:4]),
        _privately(case, view),
        _due(case, view),
        _window(case, view),
        f"👍 {count(case.likes, 'like')}" if case.likes else "",
        f"🔁 {count(case.reposts, 'repost')}" if case.reposts else "",
    ]
    return build.context(" · ".join(fact for fact in facts if fact))


def _urgency(case: Case) -> str:
    if not is_urgent(case.reading):
        return ""
    reasons = (URGENT_BECAUSE.get(reason, reason) for reason in case.reading.urgent_because[:3])
    because = ", ".join(line(reason, 30) for reason in reasons)
    return f"⚡ *urgent*{f' ({because})' if because else ''}"


def _privately(case: Case, view: View) -> str:
    why = better_in_private(case, offered(case, view))
    return f"🔒 better in private ({why})" if why else ""


def _due(case: Case, view: View) -> str:
    """What falls due next; what is overdue stands in the state line."""
    if case.wait is None or (case.wait.breached and not _only_first_word_is_late(case)):
        return ""
    answer = due_token(case.wait.answer_due, view.now)
    if case.wait.ack_due is None or case.wait.breached:
        return f"answer due {answer}"
    return f"first word due {due_token(case.wait.ack_due, view.now)}, answer {answer}"


def _only_first_word_is_late(case: Case) -> bool:
    """Whether the acknowledgement was missed, but the answer may still come in time."""
    has_ack = case.wait is not None and case.wait.ack_due is not None
    return has_ack and MarkName.ANSWER_BREACH not in case.cycle.missed


def _window(case: Case, view: View) -> str:
    until = case.latest.reply_until
    if until is None or not case.is_open:
        return ""
    network = line(view.network_title, 30)
    if until <= view.now:
        but = " but approved templates" if view.capabilities.templates else ""
        return f"⛔ {network} takes no more replies here{but} since {date_token(until)}"
    return f"⌛ {network} takes replies until {date_token(until)}"


def state_section(case: Case, post_id: str, view: View) -> build.Block:
    """All state lines, the most pressing first, with "Still on it" beside them while the holder is asked."""
    accessory = None
    claim = lapsing(case)
    if claim:
        press = Press.on(case.id, post_id).value()
        holder = f"Still on it, for {staff_name(claim.by.name)}"
        accessory = build.button(ActionId.CONFIRM_CLAIM, "Still on it", press, style="primary", describe=holder)
    lines = (_promise(case), _standing(case, view), _privacy(case, view), _writing(case, view), _known_problem(case))
    return build.section("\n".join(each for each in lines if each), accessory)


def _promise(case: Case) -> str:
    if case.wait is None:
        late = MarkName.ANSWER_BREACH in case.cycle.missed and case.cycle.answered_at
        return "⏰ The answer came late" if late else ""
    if case.wait.breached and case.wait.ack_due is not None and _only_first_word_is_late(case):
        return f"🔴 *Overdue:* a first word was due {date_token(case.wait.ack_due)}"
    if case.wait.breached:
        return f"🔴 *Overdue:* the answer was due {date_token(case.wait.answer_due)}"
    return "🟠 *Due soon*" if case.wait.warned else ""


def _standing(case: Case, view: View) -> str:
    if not case.is_open:
        return _closed(case)
    progress = _progress(case)
    if case.claim:
        asked = f"asked whether still on it, else free again {due_token(case.claim.until, view.now)}"
        facts = (
            f"🙋 *Claimed by {line(staff_name(case.claim.by.name), 40)}*",
            asked if lapsing(case) else "",
            progress,
        )
        return " · ".join(fact for fact in facts if fact)
    if case.wait:
        return " · ".join(fact for fact in ("⏳ *Waiting:* nobody has claimed this", progress) if fact)
    return progress or "👀 *Open:* no answer is due"


def _closed(case: Case) -> str:
    at = f" · {date_token(case.cycle.closed_at)}" if case.cycle.closed_at else ""
    if case.close_reason == NOT_FOR_US:
        return f"🚫 *Closed:* not for us{at}"
    return f"✅ *Closed:* {line(case.close_reason, 80) or 'no reason given'}{at}"


def _progress(case: Case) -> str:
    if case.cycle.answered_at and case.wait is None:
        return f"💬 *Answered* {date_token(case.cycle.answered_at)}"
    if case.cycle.answered_at:
        return "💬 the customer wrote again after our answer"
    if case.cycle.acknowledged_at:
        return f"👋 acknowledged {date_token(case.cycle.acknowledged_at)}"
    return ""


def _privacy(case: Case, view: View) -> str:
    if case.loop_open:
        way = ": *Close…* in the menu offers one" if Offer.CLOSING_WORD in offered(case, view) else ""
        return f"🔒 *Private conversation:* the public thread still waits for a closing word{way}"
    return "🔒 *Private conversation*" if case.latest.private or case.cycle.private_at else ""


def _writing(case: Case, view: View) -> str:
    if case.writing is None or case.writing.until <= view.now:
        return ""
    return f"✍️ *{line(staff_name(case.writing.by.name), 40)} is writing*"


def _known_problem(case: Case) -> str:
    if case.known is None:
        return ""
    title = line(case.known.title, 80)
    return f"✅ *Known problem, solved:* {title}" if case.known.solved else f"📌 *Known problem:* {title}"
