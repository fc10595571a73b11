"""App Home: my claims by due time, what waits, how fast we were, each account's health, my signature, help."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cards import build
from bot.cards.action_ids import ActionId, CallbackId, Press
from bot.cards.escape import date_token, line
from bot.cards.hiding import home_parts
from bot.cards.lists import Listed, case_line, left_out, open_button
from bot.cards.modal import ViewJson
from bot.domain.case import SIGNATURE_LONGEST, Person
from bot.domain.models import Health

PROBLEMS_SHOWN: Final = 5
MINE_SHOWN: Final = 20
WAITING_SHOWN: Final = 10
ACCOUNTS_SHOWN: Final = 20
REMARKS_SHOWN: Final = 2
HELP: Final = (
    "*Claim* a case before you answer it, so that nobody answers twice. *Reply* and *Thank* open a form whose title "
    "says PUBLIC or PRIVATE; nothing you type in a thread ever reaches a customer.",
    "Every answer can be taken back with *Undo* for a few seconds. `/hark queue` lists what waits, `/hark mine` your "
    "own cases.",
)


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """One account of the company and how it is doing."""

    title: str
    health: Health
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class HomeData:
    """What App Home shows to one person. The lists are sorted already; the totals count all there is.

    `speed` is a line of mrkdwn (see `cards/speed.py`), empty for none.
    """

    person: Person
    mine: Sequence[Listed] = ()
    waiting: Sequence[Listed] = ()
    accounts: Sequence[AccountHealth] = ()
    mine_total: int = 0
    waiting_total: int = 0
    problems: Sequence[str] = ()
    hiding: Sequence[Listed] = ()
    hiding_total: int = 0
    speed: str = ""


def home_view(data: HomeData) -> ViewJson:
    """The Home tab of one person. Whoever does not sign yet has not answered anybody: for them the help comes first."""
    person, guide = data.person, [build.context(text) for text in HELP]
    welcome = [] if person.signature else [build.header("How it works"), *guide, *_my_signature(person)]
    blocks = [
        *_problems(data.problems),
        *welcome,
        *home_parts(data.hiding, data.hiding_total),
        build.header("My claims"),
        *_cases(data.mine, MINE_SHOWN, data.mine_total, "You have claimed nothing."),
        build.header("Waiting for an answer"),
        *_cases(data.waiting, WAITING_SHOWN, data.waiting_total, "✅ Nobody waits."),
        *([build.context(data.speed)] if data.speed else []),
        build.header("Accounts"),
        *_accounts(data.accounts),
        *([] if welcome else [*_my_signature(person), build.divider(), *guide]),
    ]
    return {"type": "home", "callback_id": CallbackId.HOME.value, "blocks": blocks}


def home_trouble_view() -> ViewJson:
    """The Home tab when it cannot be drawn."""
    words = "⚠️ Hark cannot show this page just now. Nothing is lost; please open it again in a minute."
    return {"type": "home", "callback_id": CallbackId.HOME.value, "blocks": [build.section(words)]}


def _problems(problems: Sequence[str]) -> list[build.Block]:
    shown = [build.section(f"⚠️ {line(problem, 300)}") for problem in problems[:PROBLEMS_SHOWN]]
    return [*shown, *_checked(len(problems), len(shown))]


def _checked(total: int, shown: int) -> list[build.Block]:
    """What Home has no room for, and who tells of it."""
    rest = left_out(total, shown)
    return [build.context(f"{rest}; `python -m bot check` tells of them all")] if rest else []


def _cases(cases: Sequence[Listed], most: int, total: int, none: str) -> list[build.Block]:
    blocks = [_case(each) for each in cases[:most]]
    rest = left_out(total, len(blocks))
    return [*blocks, *([build.context(rest)] if rest and blocks else [])] or [build.context(none)]


def _case(each: Listed) -> build.Block:
    return build.section(case_line(each), open_button(each))


def _accounts(accounts: Sequence[AccountHealth]) -> list[build.Block]:
    if not accounts:
        return [build.context("No account is connected yet.")]
    shown = accounts[:ACCOUNTS_SHOWN]
    blocks = [block for each in shown for block in (build.section(_account(each)), *_remarks(each))]
    return [*blocks, *_checked(len(accounts), len(shown))]


def _account(each: AccountHealth) -> str:
    health = each.health
    state = "✅" if health.ok else "❌ *not working:*"
    lines = [f"*{line(each.title, 80)}* {state} {line(health.summary, 280)}"]
    if health.mend:
        lines.append(f"🛠️ {line(health.mend, 200)}")
    if health.expires_at and health.expires_at.tzinfo:
        lines.append(f"⌛ expires {date_token(health.expires_at, '{date_short_pretty}')}")
    return "\n".join(lines)


def _remarks(each: AccountHealth) -> list[build.Block]:
    lines = [f"ℹ️ {line(remark, 300)}" for remark in each.remarks[:REMARKS_SHOWN] if remark.strip()]
    return [build.context("\n".join(lines))] if lines else []


def _my_signature(person: Person) -> list[build.Block]:
    return [build.header("My signature"), _signature(person)]


def _signature(person: Person) -> build.Block:
    change = build.button(ActionId.SET_SIGNATURE, "Change" if person.signature else "Set", Press().value())
    if not person.signature:
        return build.section("You have none yet. Customers see it after your words, such as ^AK.", change)
    return build.section(f"Customers see: {line(person.signature, SIGNATURE_LONGEST)}", change)
