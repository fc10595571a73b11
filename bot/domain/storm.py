"""Storms: when more comes in than a channel can show, what folds into one card, who is exempt, when it is over.

Everything here is decided from values. A storm belongs to one channel; two channels know nothing of each other. The
case of a customer whose card is held back lives on as always: clocks, timers and lists follow from the case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from zlib import crc32

from pydantic import AwareDatetime, Field

from bot.domain.case import Case, LogEntry, PostKind
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.models import Known, Model
from bot.domain.text.similar import normal, print_of

CARDS_PER_S: Final = 1.0
"""What Slack lets us post in one channel."""
BEGIN_WAIT_S: Final = 30.0
END_WAIT_S: Final = 5.0
BEGIN_ALIKE: Final = 12
"""So many near duplicates within `WINDOW` are one event, not many."""
END_ALIKE: Final = 4
END_PER_MINUTE: Final = 30.0
"""Half of what a channel's posts can carry."""
WINDOW: Final = timedelta(minutes=2)
QUIET: Final = timedelta(minutes=5)
RESUME: Final = timedelta(minutes=30)
ROOM: Final = 4
"""So many exempt cases ask for a post at the same time; the others stand in order, so that the first come first."""
EXEMPT_RETRY_S: Final = 5.0
"""An exempt case asks again after that long at most, however large the crowd is."""
SHORTEST_RETRY_S: Final = 0.1
HEAD_START_S: Final = 0.5
"""During a storm an exempt case asks again within that time; all others leave it that much of a start."""
PACE: Final = timedelta(seconds=8)
"""A storm card is edited that often at most; Slack's limit for edits holds for the whole workspace."""
SLOW_PACE: Final = timedelta(seconds=60)
NEXT: Final = 10
PROBLEMS: Final = 5
SAMPLES: Final = 20
SLOT_S: Final = 10

URGENT_BAND, COMPLAINT_BAND, QUESTION_BAND, WAITING_BAND, LAST_BAND = range(5)
EXEMPT_BANDS: Final = COMPLAINT_BAND + 1


class Face(Model):
    """A message that stands for many cases. `attempt` is written before posting, `ts` after, as with a case's own.
    What Slack would not take, for the reason `error`, is left alone until `retry_at`; `refused` counts how often in a
    row its place was the reason."""

    attempt: str = ""
    place: str = ""
    ts: str = ""
    drawn: str = ""
    drawn_at: AwareDatetime | None = None
    error: str = ""
    retry_at: AwareDatetime | None = None
    refused: int = 0

    def rests(self, now: datetime) -> bool:
        """Whether it is too early to try again."""
        return self.retry_at is not None and now < self.retry_at

    def is_same(self, other: "Face") -> bool:
        """Whether both are the same message, or the same attempt at one: nobody else has begun to post it meanwhile."""
        return (self.attempt, self.ts) == (other.attempt, other.ts)


class Storm(Model):
    """A storm in one channel. It is over once `ended_at` is set; then its folded cases are carded one by one."""

    id: str
    began_at: AwareDatetime
    because: Literal["wait", "alike"]
    calm_since: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    face: Face = Face()
    copies: dict[str, Face] = Field(default_factory=dict)
    """Where Slack takes no message in the channel: those that stand elsewhere meanwhile, by their places."""


class Problem(Model):
    """A known problem: `samples` are normal texts and `words` words by which new cases of it are told.

    `line` is what staff may say to its customers, `solved_line` what they may say once it is solved. `combed` says how
    far the cases that the storm had folded were looked through ("" not begun, "done", else a cursor), `combed_cards`
    those that had cards of their own.
    """

    id: str
    title: str
    known: str = ""
    line: str = ""
    words: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    opened_at: AwareDatetime
    opened_by: str = ""
    combed: str = ""
    combed_cards: str = ""
    solved_at: AwareDatetime | None = None
    solved_by: str = ""
    solved_line: str = ""
    face: Face = Face()
    copies: dict[str, Face] = Field(default_factory=dict)


class Weather(Model):
    """All that holds in one channel. `version` belongs to the store: 0 means never stored."""

    version: int = 0
    storm: Storm | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def storming(self) -> bool:
        """Whether a storm holds now."""
        return self.storm is not None and self.storm.ended_at is None

    @property
    def told(self) -> tuple[Storm | Problem, ...]:
        """Everything that has a card of its own."""
        return (*((self.storm,) if self.storm else ()), *self.problems)

    @property
    def clear(self) -> bool:
        """Whether there is nothing left to remember."""
        return self.storm is None and not self.problems

    def problem(self, problem_id: str) -> Problem | None:
        """The problem of that id, solved or not."""
        return next((each for each in self.problems if each.id == problem_id), None)


@dataclass(frozen=True, slots=True)
class Measures:
    """What is seen in a channel: cards that wait for Slack's budget, new cases a minute, the most near duplicates."""

    waiting: int = 0
    per_minute: float = 0.0
    alike: int = 0

    @property
    def wait_s(self) -> float:
        """How long the last of those that wait now will wait."""
        return self.waiting / CARDS_PER_S


def begins(weather: Weather, seen: Measures, now: datetime, new_id: str) -> Weather | None:
    """The weather with a storm that begins now, or None. One that ended just now goes on, on the same card."""
    if weather.storming or not (seen.wait_s > BEGIN_WAIT_S or seen.alike >= BEGIN_ALIKE):
        return None
    because: Literal["wait", "alike"] = "wait" if seen.wait_s > BEGIN_WAIT_S else "alike"
    last = weather.storm
    if last is not None and last.ended_at is not None and now - last.ended_at < RESUME:
        storm = last.model_copy(update={"ended_at": None, "calm_since": None, "because": because})
    else:
        storm = Storm(id=new_id, began_at=now, because=because)
    return weather.model_copy(update={"storm": storm})


def is_calm(seen: Measures) -> bool:
    """Whether all is below the lower marks, which lie well under those at which a storm begins."""
    return seen.wait_s < END_WAIT_S and seen.per_minute <= END_PER_MINUTE and seen.alike < END_ALIKE


def passes(weather: Weather, seen: Measures, now: datetime) -> Weather | None:
    """What time does to a storm: calm begins, is broken, or has lasted long enough. None when nothing changes."""
    storm = weather.storm
    if storm is None or storm.ended_at is not None:
        return None
    if not is_calm(seen):
        changed = storm.model_copy(update={"calm_since": None})
    elif storm.calm_since is None or storm.calm_since > now:
        changed = storm.model_copy(update={"calm_since": now})
    elif now - storm.calm_since >= QUIET:
        changed = storm.model_copy(update={"ended_at": now})
    else:
        return None
    return None if changed == storm else weather.model_copy(update={"storm": changed})


def per_minute(slots: Mapping[int, int], now: datetime) -> float:
    """New cases a minute, from counts of ten seconds each: those of the last full minute."""
    this = slot(now)
    return float(sum(count for at, count in slots.items() if this - 6 < at <= this))


def slot(at: datetime) -> int:
    """The number of the ten seconds in which an instant lies."""
    return int(at.timestamp()) // SLOT_S


# --- who is exempt, and who comes first -----------------------------------------------------------------------------


def band(case: Case) -> int:
    """How urgently the case wants a card: urgent, complaint or claimed, question, others that wait, the rest.

    Spam and abuse without a matter press nobody, whatever words they use.
    """
    reading = case.reading
    if reading.spam or reading.abuse == "troll":
        return COMPLAINT_BAND if case.claim else LAST_BAND
    if reading.goes_ahead:
        return URGENT_BAND
    if reading.intent == "complaint" or case.claim:
        return COMPLAINT_BAND
    if case.wait is None:
        return LAST_BAND
    return QUESTION_BAND if reading.intent == "question" or case.latest.private else WAITING_BAND


def is_exempt(case: Case) -> bool:
    """Whether the case gets its own card in a storm too."""
    return band(case) < EXEMPT_BANDS


def retry_after(case: Case, wait_s: float, now: datetime, *, storming: bool) -> float:
    """In how many seconds a card for which Slack's budget had no room asks again, given the wait that it was told.

    The few exempt cases of a storm ask at odd moments, so that none of them always comes just behind another.
    """
    if not is_exempt(case):
        return wait_s + HEAD_START_S if storming else wait_s
    if not storming:
        return min(wait_s, EXEMPT_RETRY_S)
    chance = crc32(f"{case.id}{now.timestamp():.3f}".encode()) % 1_000 / 1_000
    return SHORTEST_RETRY_S + (HEAD_START_S - SHORTEST_RETRY_S) * chance


def pressing_at(case: Case) -> datetime:
    """Within a band, who waits most urgently: what falls due first."""
    return case.wait.answer_due if case.wait else case.cycle.seen_at


def wants_first_card(case: Case) -> bool:
    """Whether the case has no card yet and nobody has begun to post one."""
    return case.card is not None and not case.card.ts and not case.card.attempt


def folds_into(weather: Weather, case: Case) -> Problem | Literal["storm"] | None:
    """Where a case that wants its first card goes instead. A claimed one gets its card: somebody works on it."""
    if case.claim is not None or not wants_first_card(case):
        return None
    for problem in weather.problems:
        if problem.solved_at is None and belongs(problem, case):
            return problem
    return "storm" if weather.storming else None


# --- known problems ---------------------------------------------------------------------------------------------------


def belongs(problem: Problem, case: Case) -> bool:
    """Whether a case is about the problem: nearly a sample's words, or two of the telling words (or the only one)."""
    if case.known is not None:
        return case.known.id == problem.id
    if case.latest.deleted:
        return False
    words = print_of(normal(case.latest.text))
    if any(words.is_like(print_of(sample)) for sample in problem.samples):
        return True
    needed = min(2, len(problem.words))
    return needed > 0 and len(set(words.text.split()) & set(problem.words)) >= needed


def joined(case: Case, problem: Problem, now: datetime) -> Decision:
    """The case belongs to a known problem from now on; its card and its reply form say so."""
    if case.known is not None and case.known.id == problem.id:
        return Refused(code="known", text="The case belongs to that problem already.")
    known = Known(id=problem.id, title=problem.title, line=problem.line)
    log = LogEntry(at=now, what="belongs to a known problem", detail=problem.title)
    return Change(case=case.model_copy(update={"known": known}), log=(log,), redraw=has_message(case))


def relieved(case: Case, problem: Problem, now: datetime) -> Decision:
    """The problem is solved: the case says so, and suggests the words for it. Who wants a first card draws it; a case
    that is closed says so if it is opened again."""
    if case.known is None or case.known.id != problem.id:
        return Refused(code="not_in", text="The case does not belong to that problem.")
    known = case.known.model_copy(update={"solved": True, "line": problem.solved_line})
    log = LogEntry(at=now, what="the known problem was solved", detail=problem.title)
    redraw = case.is_open and has_message(case)
    return Change(case=case.model_copy(update={"known": known}), log=(log,), redraw=redraw)


def has_message(case: Case) -> bool:
    """Whether any Slack message shows the case."""
    return any(post.ts for post in case.posts if post.kind is not PostKind.LINE)


def with_problem(weather: Weather, problem: Problem) -> Weather | Refused:
    """Open a known problem. Two people who press at the same time open one."""
    standing = [each for each in weather.problems if each.solved_at is None]
    if any(each.title.casefold() == problem.title.casefold() for each in standing):
        return Refused(code="known", text="A known problem of that title is open already.")
    if len(standing) >= PROBLEMS:
        return Refused(code="too_many", text=f"{PROBLEMS} known problems are open here. Solve one of them first.")
    return weather.model_copy(update={"problems": (*weather.problems, problem)})


def with_solved(weather: Weather, problem_id: str, by: str, line: str, now: datetime) -> Weather | Refused:
    """Close a known problem: from now on its cases get cards, and `line` is what staff may tell its customers."""
    problem = weather.problem(problem_id)
    if problem is None or problem.solved_at is not None:
        return Refused(code="solved", text="This problem is solved already.")
    return changed_problem(weather, problem_id, solved_at=now, solved_by=by, solved_line=line)


def changed_problem(weather: Weather, problem_id: str, **update: object) -> Weather:
    """The weather with some fields of one problem changed."""
    problems = tuple(each.model_copy(update=update) if each.id == problem_id else each for each in weather.problems)
    return weather.model_copy(update={"problems": problems})
