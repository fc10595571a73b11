"""App Home, and the signature that everybody sets there."""

from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import ActionId, CallbackId, InputId, Press
from bot.cards.dialogs import case_modal, notice_modal, signature_modal
from bot.cards.hiding import HOME_SHOWN
from bot.cards.home import MINE_SHOWN, WAITING_SHOWN, AccountHealth, HomeData, home_view
from bot.cards.lists import listed
from bot.cards.speed import home_line
from bot.domain.case import Purpose
from bot.services import health
from bot.services.casework import DUPLICATE, NOT_KEPT
from bot.services.gate import trouble
from bot.services.people import signature_problem, suggested_signature
from bot.services.wording import from_slack
from handlers.deps import Deps
from handlers.submitting import form_of, instead, wrong


def register(app: AsyncApp, deps: Deps) -> None:
    """Opening Home, opening a case from it, setting a signature."""

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            # Nobody waits for a press here: the time to learn that somebody is called otherwise now.
            await deps.people.renewed(str(event["user"]))
            await publish(deps, str(event["user"]))

    @app.action(ActionId.HOME_OPEN_CASE.value)
    async def open_case(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        press = Press.decode(body["actions"][0].get("value")) or Press()
        case = await deps.cases.load(press.case) if press.case else None
        gone = notice_modal("No such case", NOT_KEPT.text)
        await deps.slack.open_view(body["trigger_id"], case_modal(case, deps.view_of(case)) if case else gone)

    @app.action(ActionId.SET_SIGNATURE.value)
    async def set_signature(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        person = await deps.people.in_time(str(body["user"]["id"]))
        await deps.slack.open_view(body["trigger_id"], signature_modal(person, suggested_signature(person.name)))

    @app.view(CallbackId.SIGNATURE.value)
    async def signed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _sign(deps, ack, body)


async def publish(deps: Deps, user: str) -> None:
    """Draw somebody's Home from what is stored now."""
    data = HomeData(
        person=await deps.people.who(user),
        mine=listed(await deps.cases.claimed_by(user, MINE_SHOWN), deps.view_of),
        mine_total=await deps.cases.count_claimed_by(user),
        waiting=listed(await deps.cases.waiting(WAITING_SHOWN), deps.view_of),
        waiting_total=await deps.cases.count_waiting(),
        accounts=[await _health(deps, key) for key in sorted(deps.connectors)],
        hiding=listed(await deps.cases.hiding(HOME_SHOWN), deps.view_of),
        hiding_total=await deps.cases.count_hiding(),
        speed=home_line(await deps.speeds.of()),
        problems=[". ".join(filter(None, (each.summary, each.mend))) for each in await deps.troubles()],
    )
    await deps.slack.publish_home(user, home_view(data))


async def _health(deps: Deps, key: tuple[str, str]) -> AccountHealth:
    connector = deps.connectors[key]
    network = deps.titles[key[0]]
    pause = await trouble(deps.notes, deps.cases, connector, network, ZoneInfo(deps.policy.calendar.zone))
    return AccountHealth(
        title=f"{network} {connector.title}",
        health=pause or await health.read(deps.notes, connector),
        remarks=[remark.text for remark in await connector.remarks()],
    )


async def _sign(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Keep the signature; where it was asked for on the way to an acknowledgement, send that now."""
    form = form_of(body)
    user, state, signature = form.user, form.state, from_slack(form.typed.signature)
    problem = signature_problem(signature)
    if problem:
        await wrong(ack, InputId.SIGNATURE, problem)
        return
    await deps.people.sign(await deps.people.in_time(user), signature)
    if state.case and state.purpose is Purpose.ACKNOWLEDGE:
        outcome = await deps.desk.acknowledge(state.case, user, state.send, pressed=False)
        if outcome.refused and outcome.code != DUPLICATE:
            await instead(ack, "Not sent", outcome.refused.text)
            return
    await ack()
    if not state.case:
        await publish(deps, user)
