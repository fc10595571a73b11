"""Messages that stand for many cases: the storm card, a known problem's card, and the message of gathered rings."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from bot.cards import build
from bot.cards.action_ids import ActionId, StormPress
from bot.cards.escape import date_token, is_channel, line, one_line, plain
from bot.cards.lists import Listed, fitting, left_out, list_parts, spoken
from bot.cards.view import Rendered, rendered
from bot.cards.words import author_label, count, staff_name
from bot.domain.case import Case
from bot.domain.fallback import displaced_words
from bot.domain.storm import Face, Problem
from bot.domain.storm_ports import STORM, ProblemData, RingData, StormData, Tally

EXAMPLE_GRAPHEMES: Final = 180
NAME_GRAPHEMES: Final = 40
TITLE_GRAPHEMES: Final = 80
KNOWN_GRAPHEMES: Final = 500
SPOKEN_GRAPHEMES: Final = 200
WORDS_SHOWN: Final = 6
RUNG_SHOWN: Final = 5
BECAUSE: Final = {
    "wait": "more comes in than Slack lets Hark post",
    "alike": "many customers write nearly the same",
}


def storm_card(data: StormData, *, elsewhere: bool = False) -> Rendered:
    """The card of a storm that holds, or that is over while some of its cases still wait for theirs, or all told.

    `elsewhere`: a copy outside of its channel, which says why it stands there.
    """
    parts = _over(data) if data.storm.ended_at is not None else _raging(data)
    text = [_storm_text(data)]
    if elsewhere:
        text.append(_elsewhere(data.channel, data.storm.face))
        parts.insert(1, _where(text[-1]))
    return rendered(" · ".join(text), build.with_ids(f"storm-{data.storm.id}", parts))


def problem_card(data: ProblemData, *, elsewhere: bool = False) -> Rendered:
    """The card of a known problem, open or solved; `elsewhere` as with storms."""
    problem, tally = data.problem, data.tally
    parts: build.Parts = [
        ("head", build.paragraph(build.text_part(_problem_title(problem), "bold"))),
        *_told(problem),
        ("state", build.section(_problem_state(problem, tally))),
        ("context", build.context(_problem_context(problem, tally))),
    ]
    if problem.solved_at is None:
        press = StormPress(channel=data.channel, group=problem.id)
        buttons = [_next(press)] if tally.folded else []
        parts.append(("actions", build.actions([*buttons, _solved(press)])))
    title = f"Known problem{', solved' if problem.solved_at else ''}: {line(problem.title, TITLE_GRAPHEMES)}"
    text = [title, _belong(_total(tally)), *_spoken(problem)]
    if elsewhere:
        text.append(_elsewhere(data.channel, problem.face))
        parts.insert(1, _where(text[-1]))
    return rendered(" · ".join(text), build.with_ids(f"problem-{problem.id}", parts))


def ring_message(data: RingData, waiting: Sequence[Listed]) -> Rendered:
    """What was gathered for one person: how many cases wait, how many are overdue, the most urgent ones."""
    text = ring_text(data)
    parts = fitting("rings", partial(_ring_parts, data, waiting, text), RUNG_SHOWN)
    return rendered(spoken(text, waiting[:RUNG_SHOWN]), parts)


def ring_text(data: RingData) -> str:
    """The same in one line, for the lock screen."""
    if not data.total:
        return "Everything that was gathered for you here is settled."
    overdue = f", {data.overdue:,} overdue" if data.overdue else ""
    return f"{count(data.total, 'more case waits', 'more cases wait')}{overdue}"


def _elsewhere(channel: str, own: Face) -> str:
    """Why this copy stands where it does, and where the card belongs."""
    why = line(displaced_words(own.error), 300) if own.error else "Its own card stands again."
    belongs = f" It belongs in <#{channel}>." if is_channel(channel) else ""
    return f"{why}{belongs}"


def _where(words: str) -> tuple[str, build.Block]:
    return "elsewhere", build.section(f"↪️ {words}")


# --- the storm card ---------------------------------------------------------------------------------------------------


def _raging(data: StormData) -> build.Parts:
    tally = data.tally
    press = StormPress(channel=data.channel, group=STORM)
    buttons = [_next(press)] if tally.folded else []
    began, why = build.date_part(data.storm.began_at), build.text_part(f": {BECAUSE[data.storm.because]}.")
    return [
        ("head", _head("🌊", "Storm", build.text_part(" since "), began, why)),
        ("numbers", build.section("\n".join(_numbers(data)))),
        *_words(tally),
        *_examples(data.examples),
        ("context", build.context(_storm_context(data))),
        ("actions", build.actions([*buttons, _problem_button(press)])),
    ]


def _head(sign: str, words: str, *more: build.Block) -> build.Block:
    """The first line, always rich text: Slack lets no message lose all of that when it is changed."""
    return build.paragraph(build.text_part(f"{sign} "), build.text_part(words, "bold"), *more)


def _numbers(data: StormData) -> list[str]:
    tally = data.tally
    folded = f"*{count(tally.folded, 'customer')}* {'waits' if tally.folded == 1 else 'wait'} in this card"
    own = count(_counted(tally, "own"), "case has its own card", "cases have their own cards")
    rate = f"{data.per_minute:,.0f} came in within the last minute" if data.per_minute else "nobody new for a minute"
    lines = [f"📥 {folded} · {rate}", f"🪪 {own}: complaints and urgent ones first"]
    if tally.first:
        lines.append(f"🔴 {count(tally.first, 'complaint')} among those that wait here: next in line")
    return [*lines, _moods(tally)]


def _moods(tally: Tally) -> str:
    moods = (("angry", "😟"), ("neutral", "😐"), ("happy", "🙂"))
    return " · ".join(f"{sign} {_counted(tally, mood):,} {mood}" for mood, sign in moods)


def _words(tally: Tally) -> build.Parts:
    """The words that most have. A word that a single customer used is nobody's business here."""
    shared = [(word, times) for word, times in tally.words if times > 1][:WORDS_SHOWN]
    if not shared:
        return []
    parts = [build.text_part("Most said: ")]
    for number, (word, times) in enumerate(shared):
        parts += [build.text_part(", ")] if number else []
        parts += [build.text_part(one_line(word, 30) or "?", "bold"), build.text_part(f" {times:,}")]
    return [("words", build.paragraph(*parts))]


def _examples(cases: Sequence[Case]) -> build.Parts:
    """Up to three customers' words, as data: masked when they came in, quoted here."""
    parts: build.Parts = []
    for number, case in enumerate(cases[:3]):
        item = case.latest
        who = build.text_part(one_line(author_label(item, case), NAME_GRAPHEMES) or "someone", "bold")
        words = plain(item.text, EXAMPLE_GRAPHEMES) or "(no words)"
        top = build.rich_line(who, build.text_part(" · "), build.date_part(item.posted_at))
        parts.append((f"example{number}", build.rich(top, build.rich_quote(words))))
    return parts


def _storm_context(data: StormData) -> str:
    problems = ", ".join(line(each.title, TITLE_GRAPHEMES) for each in data.problems)
    facts = [
        f"📌 known problem: {problems}" if problems else "",
        _became(data.tally),
        "clocks run for all of them; `/hark queue` lists them",
    ]
    return " · ".join(fact for fact in facts if fact)


def _over(data: StormData) -> build.Parts:
    storm, tally = data.storm, data.tally
    lasted = [build.text_part(" It lasted from "), build.date_part(storm.began_at)]
    lasted += [build.text_part(" to "), build.date_part(storm.ended_at)] if storm.ended_at else []
    folded = count(_counted(tally, "folded"), "customer was", "customers were")
    told = [f"{folded} held back here", f"{_counted(tally, 'own'):,} had their own cards meanwhile"]
    rest = (
        f"{count(tally.folded, 'case still waits', 'cases still wait')}: they get their cards as there is room"
        if tally.folded
        else "nobody waits here any more"
    )
    parts: build.Parts = [
        ("head", _head("🌤️", "The storm is over.", *lasted, build.text_part("."))),
        ("numbers", build.section(f"{' · '.join(told)}\n{_moods(tally)}")),
        ("context", build.context(" · ".join(fact for fact in (_became(tally), rest) if fact))),
    ]
    if tally.folded:
        parts.append(("actions", build.actions([_next(StormPress(channel=data.channel, group=STORM))])))
    return parts


def _became(tally: Tally) -> str:
    facts = [
        (_counted(tally, "shown"), "got their own cards"),
        (_counted(tally, "joined"), "went over to a known problem"),
        (_counted(tally, "settled"), "were settled without a card"),
    ]
    told = ", ".join(f"{number:,} {words}" for number, words in facts if number)
    return f"of those held back, {told}" if told else ""


def _storm_text(data: StormData) -> str:
    tally = data.tally
    if data.storm.ended_at is not None:
        rest = f" · {count(tally.folded, 'case')} still to card" if tally.folded else ""
        held = count(_counted(tally, "folded"), "customer was", "customers were")
        return f"The storm is over · {held} held back{rest}"
    words = ", ".join(line(word, 30) for word, times in tally.words[:3] if times > 1)
    said = f" · {words}" if words else ""
    waits = count(tally.folded, "customer waits", "customers wait")
    return f"Storm · {waits} in one card · {data.per_minute:,.0f} a minute{said}"


# --- the known problem's card -----------------------------------------------------------------------------------------


def _problem_title(problem: Problem) -> str:
    title = one_line(problem.title, TITLE_GRAPHEMES) or "(no title)"
    return f"✅ Solved: {title}" if problem.solved_at else f"📌 Known problem: {title}"


def _told(problem: Problem) -> build.Parts:
    """What staff wrote: data too, so that nothing in it calls anybody."""
    parts: build.Parts = []
    if problem.known:
        words = plain(problem.known, KNOWN_GRAPHEMES) or "-"
        parts.append(("known", build.paragraph(build.text_part(words))))
    suggested = problem.solved_line if problem.solved_at else problem.line
    if suggested:
        top = build.rich_line(build.text_part("Say to customers:", "bold"))
        parts.append(("line", build.rich(top, build.rich_quote(plain(suggested, KNOWN_GRAPHEMES) or "-"))))
    return parts


def _spoken(problem: Problem) -> list[str]:
    """The same, for whoever hears the card."""
    suggested = problem.solved_line if problem.solved_at else problem.line
    said = f"say to customers: {line(suggested, SPOKEN_GRAPHEMES)}" if suggested else ""
    return [each for each in (line(problem.known, SPOKEN_GRAPHEMES), said) if each]


def _problem_state(problem: Problem, tally: Tally) -> str:
    total, complaints = _total(tally), _counted(tally, "complaints")
    lines = [f"📥 *{_belong(total)}*, {count(complaints, 'complaint')} among them", _moods(tally)]
    if problem.solved_at is not None and tally.folded:
        wait = count(tally.folded, "case still waits", "cases still wait")
        lines.append(f"⏳ {wait}: they get their cards as there is room")
    elif tally.folded:
        lines.append(f"⏳ {count(tally.folded, 'of them has', 'of them have')} no card of their own")
    return "\n".join(lines)


def _problem_context(problem: Problem, tally: Tally) -> str:
    by = line(staff_name(problem.opened_by), NAME_GRAPHEMES)
    facts = [f"opened by {by} {date_token(problem.opened_at)}"]
    if problem.solved_at is not None:
        solver = line(staff_name(problem.solved_by), NAME_GRAPHEMES)
        facts.append(f"solved by {solver} {date_token(problem.solved_at)}")
    elif problem.words:
        facts.append(f"recognised by the words: {', '.join(line(word, 30) for word in problem.words[:8])}")
    facts.append(_became(tally))
    return " · ".join(fact for fact in facts if fact)


def _belong(total: int) -> str:
    return count(total, "case belongs to it", "cases belong to it")


def _total(tally: Tally) -> int:
    return _counted(tally, "folded") + _counted(tally, "standing")


def _counted(tally: Tally, name: str) -> int:
    return tally.counts.get(name, 0)


# --- buttons ----------------------------------------------------------------------------------------------------------


def _next(press: StormPress) -> build.Block:
    describe = "The ten that wait most urgently get their own cards"
    return build.button(ActionId.STORM_NEXT, "Show next ten", press.encode(), describe=describe)


def _problem_button(press: StormPress) -> build.Block:
    return build.button(ActionId.STORM_PROBLEM, "Known problem", press.encode(), describe="Open as known problem")


def _solved(press: StormPress) -> build.Block:
    describe = "Say that this problem is solved"
    return build.button(ActionId.PROBLEM_SOLVED, "Solved", press.encode(), describe=describe) | {"style": "primary"}


# --- gathered rings ---------------------------------------------------------------------------------------------------


def _ring_parts(data: RingData, waiting: Sequence[Listed], text: str, most: int) -> build.Parts:
    if not data.total:
        return [("head", build.section(f"✅ {text}"))]
    shown = waiting[:most]
    rest = left_out(data.total, len(shown))
    more: build.Parts = [("rest", build.context(f"{rest}; `/hark queue` lists what waits"))] if rest else []
    note = "Gathered so that your phone rings at most once in five minutes. This message is edited as they are settled."
    return [("head", build.section(f"🔔 *{text}*")), *list_parts(shown), *more, ("note", build.context(note))]
