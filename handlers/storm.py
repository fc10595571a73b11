"""Storm cards and known problems: show the next ten, open a known problem, say that it is solved."""

from collections.abc import Sequence
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import ActionId, CallbackId, InputId, StormPress
from bot.cards.storm import problem_card, storm_card
from bot.cards.storm_forms import problem_form, solved_form
from bot.domain.decisions import Refused
from bot.domain.storm_ports import STORM
from bot.services.storm_desk import WORDLESS, ProblemForm
from bot.services.wording import from_slack, slack_only
from handlers.deps import Deps
from handlers.pressing import OLD_CARD, replace, tell
from handlers.submitting import finish, typed_in, wrong

OLD = Refused(code="old", text="This form is old. Copy your words, and open it again.")
UNCHANGED = "Nothing changed"


def register(app: AsyncApp, deps: Deps) -> None:
    """Three buttons and two forms."""

    @app.action(ActionId.STORM_NEXT.value)
    async def next_ten(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await _show_next(deps, body)

    @app.action(ActionId.STORM_PROBLEM.value)
    async def name_it(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await _open_problem_form(deps, body)

    @app.action(ActionId.PROBLEM_SOLVED.value)
    async def solve_it(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await _open_solved_form(deps, body)

    @app.view(CallbackId.PROBLEM.value)
    async def opened(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _open(deps, ack, body)

    @app.view(CallbackId.SOLVED.value)
    async def solved(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _solve(deps, ack, body)


async def _show_next(deps: Deps, body: dict[str, Any]) -> None:
    press = await _press(deps, body)
    if press is not None:
        shown = await deps.storms.show_next(press.channel, press.group)
        await _answer(deps, body, press, shown if isinstance(shown, Refused) else _shown(shown))


async def _open_problem_form(deps: Deps, body: dict[str, Any]) -> None:
    press = await _press(deps, body)
    if press is None:
        return
    suggested = await deps.storms.suggested_by_storm(press.channel)
    if isinstance(suggested, Refused):
        await tell(deps, body, suggested.text)
        return
    await show_problem_form(deps, body["trigger_id"], press, suggested)


async def show_problem_form(deps: Deps, trigger_id: str, press: StormPress, words: Sequence[str]) -> None:
    """Show the form that opens a known problem in the press's channel; `words` are what it begins with."""
    many = len(deps.policy.channels) > 1
    await deps.slack.open_view(trigger_id, problem_form(press, words, is_one_of_many=many))


async def _open_solved_form(deps: Deps, body: dict[str, Any]) -> None:
    press = await _press(deps, body)
    if press is None:
        return
    data = await deps.storms.problem(press.channel, press.group)
    if data is None or data.problem.solved_at is not None:
        await tell(deps, body, "This problem is solved already.")
        return
    await deps.slack.open_view(body["trigger_id"], solved_form(press, data.problem))


async def _open(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    press = StormPress.decode(body["view"].get("private_metadata"))
    typed = typed_in(body)
    form = ProblemForm(
        from_slack(typed.title), from_slack(typed.known), from_slack(typed.line), from_slack(typed.words)
    )
    if press is None or not press.channel:
        await finish(ack, OLD, UNCHANGED, below=InputId.TITLE)
        return
    if not form.title.strip():
        await wrong(ack, InputId.TITLE, "Give it a title that colleagues recognise.")
        return
    if slack_only(form.line):
        await wrong(ack, InputId.LINE, slack_only(form.line))
        return
    outcome = await deps.storms.open_problem(press.channel, str(body["user"]["id"]), form)
    refused = outcome if isinstance(outcome, Refused) else None
    below = InputId.WORDS if refused and refused.code == WORDLESS else InputId.TITLE
    await finish(ack, refused, UNCHANGED, below=below)


async def _solve(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    press = StormPress.decode(body["view"].get("private_metadata"))
    line = from_slack(typed_in(body).line)
    if press is None or not press.channel:
        await finish(ack, OLD, UNCHANGED, below=InputId.LINE)
        return
    if slack_only(line):
        await wrong(ack, InputId.LINE, slack_only(line))
        return
    solved = await deps.storms.solve(press.channel, press.group, str(body["user"]["id"]), line)
    await finish(ack, solved, UNCHANGED, below=InputId.LINE)


async def _press(deps: Deps, body: dict[str, Any]) -> StormPress | None:
    """What the button carries; an old or foreign one is answered politely."""
    press = StormPress.decode(body["actions"][0].get("value"))
    if press is None or not press.channel or not press.group:
        await tell(deps, body, OLD_CARD)
        return None
    return press


async def _answer(deps: Deps, body: dict[str, Any], press: StormPress, said: Refused | str) -> None:
    """Tell the presser, and redraw the pressed message at once."""
    await tell(deps, body, said.text if isinstance(said, Refused) else said)
    elsewhere = body.get("container", {}).get("channel_id") not in (None, press.channel)
    if press.group == STORM:
        storm = await deps.storms.storm(press.channel)
        drawn = storm_card(storm, elsewhere=elsewhere) if storm else None
    else:
        problem = await deps.storms.problem(press.channel, press.group)
        drawn = problem_card(problem, elsewhere=elsewhere) if problem else None
    if drawn is not None and body.get("response_url"):
        await replace(deps, str(body["response_url"]), drawn)


def _shown(number: int) -> str:
    if not number:
        return "Nobody waits here without a card."
    return f"{number} {'case gets its' if number == 1 else 'cases get their'} own card now, about one a second."
