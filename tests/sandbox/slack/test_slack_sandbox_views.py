"""Modals and Home views: triggers, stack, hashes, what a submission may answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.app import SlackSandbox
from sandbox.slack.delivery import Ack, Unanswered
from sandbox.slack.interactivity import NO_ANSWER
from sandbox.slack.workspace import ANA, BEN, CARE
from tests.support.slack_sandbox import ManualTime, web_client

Json = dict[str, Any]


class Answering:
    """Stands for the app's side of the wire: keeps what Slack sends and answers what it is told."""

    def __init__(self) -> None:
        """Answer with an empty acknowledgement."""
        self.asked: list[Json] = []
        self.kinds: list[str] = []
        self.events: list[Json] = []
        self.answer: Ack | Unanswered = Ack()

    def event(self, payload: Json) -> None:
        """Keep an event."""
        self.events.append(payload)

    async def ask(self, kind: str, payload: Json) -> Ack | Unanswered:
        """Keep an interaction and answer."""
        self.kinds.append(kind)
        self.asked.append(payload)
        return self.answer


@pytest.fixture
def wire(slack: SlackSandbox) -> Answering:
    """The app's side of the wire."""
    answering = Answering()
    slack.hub.transport = answering
    return answering


@pytest.fixture
async def client(slack: SlackSandbox) -> AsyncIterator[AsyncWebClient]:
    """The real SDK client."""
    async with web_client(slack) as made:
        yield made


def plain(text: str) -> Json:
    """A plain_text."""
    return {"type": "plain_text", "text": text}


def modal(title: str = "Reply", **fields: Any) -> Json:
    """A modal with one required input of 2 to 5 characters and one optional choice."""
    element = {"type": "plain_text_input", "action_id": "text", "min_length": 2, "max_length": 5}
    choice = {"type": "static_select", "action_id": "pick", "options": [{"text": plain("One"), "value": "1"}]}
    return {
        "type": "modal",
        "title": plain(title),
        "submit": plain("Send"),
        "blocks": [
            {"type": "input", "block_id": "reply", "label": plain("Words"), "element": element},
            {"type": "input", "block_id": "choice", "optional": True, "label": plain("Pick"), "element": choice},
        ],
        **fields,
    }


def typed(text: str | None) -> Json:
    """The state of the modal's input."""
    return {"reply": {"text": {"type": "plain_text_input", "value": text}}}


async def refused(call: Any) -> str:
    """The error of a call that must fail."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def opened(slack: SlackSandbox, client: AsyncWebClient, **fields: Any) -> Json:
    """A modal on Ana's screen."""
    answer = await client.views_open(trigger_id=slack.hub.grants.trigger(ANA), view=modal(**fields))
    return dict(answer["view"])


async def test_trigger_works_once_and_for_three_seconds(
    slack: SlackSandbox, client: AsyncWebClient, time: ManualTime
) -> None:
    """Three ways to be wrong have three names; at exactly three seconds it still works."""
    grants = slack.hub.grants
    assert await refused(client.views_open(trigger_id="1.2.abc", view=modal())) == "invalid_trigger_id"
    trigger = grants.trigger(ANA)
    time.move(3)
    assert (await client.views_open(trigger_id=trigger, view=modal()))["ok"]
    assert await refused(client.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"
    late = grants.trigger(ANA)
    time.move(3.01)
    assert await refused(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"


async def test_bad_view_does_not_use_the_trigger_up(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """A refused view leaves the trigger for another try."""
    trigger = slack.hub.grants.trigger(ANA)
    assert await refused(client.views_open(trigger_id=trigger, view={"type": "modal"})) == "invalid_arguments"
    assert (await client.views_open(trigger_id=trigger, view=modal()))["view"]["state"]["values"] == {
        "reply": {"text": {"type": "plain_text_input", "value": None}},
        "choice": {"pick": {"type": "static_select", "selected_option": None}},
    }


async def test_stack_takes_three_views(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """Pushing needs a modal's own trigger; the third is the last; ids of root and previous are right."""
    root = await opened(slack, client)
    plain_trigger = slack.hub.grants.trigger(ANA)
    assert await refused(client.views_push(trigger_id=plain_trigger, view=modal())) == "invalid_trigger_id"
    pushed: Json = {}
    for _ in range(2):
        trigger = slack.hub.grants.trigger(ANA, root["id"])
        pushed = (await client.views_push(trigger_id=trigger, view=modal("Next")))["view"]
    assert pushed["root_view_id"] == root["id"]
    assert pushed["previous_view_id"] == slack.views(ANA)[1]["id"]
    fourth = client.views_push(trigger_id=slack.hub.grants.trigger(ANA, root["id"]), view=modal())
    assert await refused(fourth) == "push_limit_reached"
    assert slack.views(BEN) == []


async def test_update_keeps_the_id_changes_the_hash_and_checks_it(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """An old hash is hash_conflict; an unknown view is not_found; an external id must be free."""
    view = await opened(slack, client, external_id="case-7")
    new = (await client.views_update(view_id=view["id"], view=modal("Two"), hash=view["hash"]))["view"]
    assert new["id"] == view["id"]
    assert new["hash"] != view["hash"]
    late = client.views_update(view_id=view["id"], view=modal("Three"), hash=view["hash"])
    assert await refused(late) == "hash_conflict"
    assert await refused(client.views_update(view_id="V404", view=modal())) == "not_found"
    await client.views_update(view_id=view["id"], view=modal(external_id="case-7"))
    other = client.views_open(trigger_id=slack.hub.grants.trigger(BEN), view=modal(external_id="case-7"))
    assert await refused(other) == "duplicate_external_id"


async def test_update_keeps_what_was_typed_only_under_the_same_ids(
    slack: SlackSandbox, client: AsyncWebClient, wire: Answering
) -> None:
    """Typed text stays where block_id and action_id are unchanged."""
    wire.answer = Ack({"response_action": "errors", "errors": {"reply": "No"}})
    view = await opened(slack, client)
    await slack.submit(ANA, view["id"], typed("abc"))
    same = (await client.views_update(view_id=view["id"], view=modal("Two")))["view"]
    assert same["state"]["values"]["reply"]["text"]["value"] == "abc"
    renamed = modal("Three")
    renamed["blocks"][0]["block_id"] = "reply2"
    other = (await client.views_update(view_id=view["id"], view=renamed))["view"]
    assert other["state"]["values"]["reply2"]["text"]["value"] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "Please complete this required field."),
        ("", "Please complete this required field."),
        ("a", "Please write at least 2 characters."),
        ("abcdef", "Please write at most 5 characters."),
    ],
)
async def test_slack_checks_inputs_before_it_asks_the_app(
    slack: SlackSandbox, client: AsyncWebClient, wire: Answering, text: str | None, words: str
) -> None:
    """Required, too short and too long never reach the app."""
    view = await opened(slack, client)
    outcome = await slack.submit(ANA, view["id"], typed(text))
    assert outcome.errors == {"reply": words}
    assert wire.asked == []


async def test_submission_payload_and_empty_answer(
    slack: SlackSandbox, client: AsyncWebClient, wire: Answering
) -> None:
    """The app gets typed values and nulls; an empty acknowledgement closes only this view."""
    view = await opened(slack, client, private_metadata="case 7")
    trigger = slack.hub.grants.trigger(ANA, view["id"])
    top = (await client.views_push(trigger_id=trigger, view=modal(callback_id="top")))["view"]
    assert (await slack.submit(ANA, top["id"], typed("abc"))).ok
    (payload,) = wire.asked
    assert (payload["type"], payload["view"]["callback_id"]) == ("view_submission", "top")
    assert payload["view"]["state"]["values"] == {
        "reply": {"text": {"type": "plain_text_input", "value": "abc"}},
        "choice": {"pick": {"type": "static_select", "selected_option": None}},
    }
    assert [v["id"] for v in slack.views(ANA)] == [view["id"]]


@pytest.mark.parametrize(
    ("answer", "titles", "errors"),
    [
        ({"response_action": "clear"}, [], {}),
        ({"response_action": "update", "view": modal("Two")}, ["Two"], {}),
        ({"response_action": "push", "view": modal("Two")}, ["Reply", "Two"], {}),
        ({"response_action": "errors", "errors": {"reply": "Too rude"}}, ["Reply"], {"reply": "Too rude"}),
    ],
    ids=["clear", "update", "push", "errors"],
)
async def test_response_actions(
    slack: SlackSandbox, client: AsyncWebClient, wire: Answering, answer: Json, titles: list[str], errors: Json
) -> None:
    """Each response_action does what Slack does."""
    wire.answer = Ack(answer)
    view = await opened(slack, client)
    outcome = await slack.submit(ANA, view["id"], typed("abc"))
    assert [v["title"]["text"] for v in slack.views(ANA)] == titles
    assert outcome.errors == errors
    assert slack.notices(ANA) == []


@pytest.mark.parametrize(
    "answer",
    [
        Unanswered("timeout"),
        Ack("text"),
        Ack({"text": "x"}),
        Ack({"response_action": "errors", "errors": {"nowhere": "x"}}),
        Ack({"response_action": "errors", "errors": {}}),
        Ack({"response_action": "update", "view": {"type": "modal"}}),
        Ack({"response_action": "update"}),
    ],
    ids=["late", "text", "no action", "unknown block", "no errors", "bad view", "no view"],
)
async def test_bad_answers_leave_the_view_open_with_a_visible_error(
    slack: SlackSandbox, client: AsyncWebClient, wire: Answering, answer: Ack | Unanswered
) -> None:
    """What Slack cannot use is seen by the person, and the typed words are not lost."""
    wire.answer = answer
    view = await opened(slack, client)
    assert not (await slack.submit(ANA, view["id"], typed("abc"))).ok
    assert len(slack.notices(ANA)) == 1
    assert slack.views(ANA)[0]["state"]["values"]["reply"]["text"]["value"] == "abc"


async def test_closing_is_told_only_on_request(slack: SlackSandbox, client: AsyncWebClient, wire: Answering) -> None:
    """Cancel names its own view; the x names the root with is_cleared; without notify_on_close nobody is told."""
    quiet = await opened(slack, client)
    await slack.close(ANA, quiet["id"])
    assert wire.asked == []
    root = await opened(slack, client, notify_on_close=True)
    trigger = slack.hub.grants.trigger(ANA, root["id"])
    top = (await client.views_push(trigger_id=trigger, view=modal(notify_on_close=True)))["view"]
    await slack.close(ANA, top["id"])
    assert (wire.asked[-1]["view"]["id"], wire.asked[-1]["is_cleared"]) == (top["id"], False)
    trigger = slack.hub.grants.trigger(ANA, root["id"])
    top = (await client.views_push(trigger_id=trigger, view=modal()))["view"]
    await slack.close(ANA, top["id"], clear=True)
    assert (wire.asked[-1]["view"]["id"], wire.asked[-1]["is_cleared"]) == (root["id"], True)
    assert slack.views(ANA) == []


async def test_typing_into_a_dispatching_input(slack: SlackSandbox, client: AsyncWebClient, wire: Answering) -> None:
    """An input with dispatch_action sends block_actions with its value; one without sends nothing."""
    view = modal()
    view["blocks"][0] |= {"dispatch_action": True}
    shown = (await client.views_open(trigger_id=slack.hub.grants.trigger(ANA), view=view))["view"]
    assert (await slack.press(ANA, "reply", "text", view_id=shown["id"], value="ab")).ok
    (payload,) = wire.asked
    assert payload["actions"][0] | {"action_ts": ""} == {
        "type": "plain_text_input",
        "block_id": "reply",
        "action_id": "text",
        "value": "ab",
        "action_ts": "",
    }
    assert payload["container"] == {"type": "view", "view_id": shown["id"]}
    assert payload["view"]["state"]["values"]["reply"]["text"]["value"] == "ab"
    assert not (await slack.press(ANA, "choice", "pick", view_id=shown["id"])).ok
    assert len(wire.asked) == 1


async def test_typing_into_an_input_of_a_message(slack: SlackSandbox, client: AsyncWebClient, wire: Answering) -> None:
    """What holds in a form holds in a message: without dispatch_action nothing is sent."""
    ts = (await client.chat_postMessage(channel=CARE, text="x", blocks=modal()["blocks"][:1]))["ts"]
    assert not (await slack.press(ANA, "reply", "text", conversation=CARE, message_ts=ts, value="ab")).ok
    assert wire.asked == []


async def test_home(slack: SlackSandbox, client: AsyncWebClient, wire: Answering) -> None:
    """The Home tab opens with an event; the view comes with it only after it was published; presses come from it."""
    await slack.open_home(ANA)
    assert "view" not in wire_events(slack)[0]
    button = {"type": "button", "action_id": "queue", "text": plain("Queue")}
    home = {"type": "home", "blocks": [{"type": "actions", "block_id": "top", "elements": [button]}]}
    view = (await client.views_publish(user_id=ANA, view=home))["view"]
    await slack.open_home(ANA)
    assert wire_events(slack)[1]["view"]["id"] == view["id"]
    assert (await slack.press(ANA, "top", "queue", home=True)).ok
    assert wire.asked[0]["view"]["type"] == "home"
    old = client.views_publish(user_id=ANA, view=home, hash="old")
    assert await refused(old) == "hash_conflict"
    assert await refused(client.views_publish(user_id=ANA, view=modal())) == "invalid_arguments"


def wire_events(slack: SlackSandbox) -> list[Json]:
    """The app_home_opened events so far."""
    return [record.payload["event"] for record in slack.hub.sockets.log]


async def test_stale_and_foreign_presses(slack: SlackSandbox, client: AsyncWebClient, wire: Answering) -> None:
    """An element that is gone, a choice that is not offered, and someone else's ephemeral are refused visibly."""
    option = {"text": plain("Snooze"), "value": "snooze"}
    menu = {"type": "overflow", "action_id": "more", "options": [option]}
    blocks = [{"type": "actions", "block_id": "b", "elements": [menu]}]
    ts = (await client.chat_postMessage(channel=CARE, text="x", blocks=blocks))["ts"]
    where = {"conversation": CARE, "message_ts": ts}
    assert not (await slack.press(ANA, "b", "claim", **where)).ok
    assert not (await slack.press(ANA, "b", "more", selected_option={"value": "other"}, **where)).ok
    assert (await slack.press(ANA, "b", "more", selected_option={"value": "snooze"}, **where)).ok
    stored = {"text": {**plain("Snooze"), "emoji": True}, "value": "snooze"}
    assert wire.asked[0]["actions"][0]["selected_option"] == stored
    only = (await client.chat_postEphemeral(channel=CARE, user=ANA, text="x", blocks=blocks))["message_ts"]
    mine = {"conversation": CARE, "message_ts": only, "selected_option": {"value": "snooze"}}
    assert not (await slack.press(BEN, "b", "more", **mine)).ok
    assert (await slack.press(ANA, "b", "more", **mine)).ok
    assert "message" not in wire.asked[1]
    assert wire.asked[1]["container"]["is_ephemeral"] is True
    assert (len(slack.notices(ANA)), len(slack.notices(BEN))) == (2, 1)


async def test_no_answer_is_a_visible_error(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """With no app connected a press fails at once, where the person sees it."""
    button = {"type": "button", "action_id": "claim", "text": plain("Claim")}
    blocks = [{"type": "actions", "elements": [button]}]
    ts = (await client.chat_postMessage(channel=CARE, text="x", blocks=blocks))["ts"]
    outcome = await slack.press_in(ANA, CARE, ts, "claim")
    assert outcome.error == NO_ANSWER
    assert slack.notices(ANA) == [NO_ANSWER]
