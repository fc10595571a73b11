"""A small real Bolt app that gives the page something to show: one card with every element the page draws."""

from typing import Any

from slack_bolt.app.async_app import AsyncApp

Json = dict[str, Any]


def plain(text: str) -> Json:
    """A plain text object."""
    return {"type": "plain_text", "text": text, "emoji": True}


def mrkdwn(text: str) -> Json:
    """A mrkdwn text object."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def option(value: str, text: str) -> Json:
    """An option of a menu."""
    return {"value": value, "text": plain(text)}


def button(action: str, text: str, **more: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": action, "text": plain(text), "value": "case", **more}


CONFIRM = {
    "title": plain("Close this?"),
    "text": plain("Maya is still waiting."),
    "confirm": plain("Close it"),
    "deny": plain("Keep it"),
}


def card(words: str, state: str = "Nobody has claimed this yet", first: str = "claim") -> list[Json]:
    """A card much like Hark's. `words` are a customer's, and stand in a quote as data."""
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": words}]}
    due = "answer by <!date^4102444800^{date_short_pretty} {time}|soon>"
    menu = {
        "type": "overflow",
        "action_id": "more",
        "options": [option("ack", "Acknowledge"), option("history", "History")],
    }
    who = ":bird: *Maya* on _Bluesky_ · <https://example.org/maya|profile>"
    return [
        {
            "type": "section",
            "block_id": "who",
            "text": mrkdwn(who),
        },
        {"type": "rich_text", "block_id": "words", "elements": [quote]},
        {"type": "context", "block_id": "context", "elements": [mrkdwn(f":rotating_light: Complaint · {due}")]},
        {"type": "section", "block_id": "state", "text": mrkdwn(state)},
        {
            "type": "actions",
            "block_id": "acts",
            "elements": [
                button(first, first.capitalize(), style="primary"),
                button("reply", "Reply"),
                button("thank", "Thank"),
                button("close", "Close", style="danger", confirm=CONFIRM),
                menu,
            ],
        },
    ]


def entry(block_id: str, label: str, element: Json, **more: Any) -> Json:
    """An input block."""
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


def reply_view(meta: str, banner: str = "*PUBLIC*: everyone can read this.") -> Json:
    """A modal with every kind of input."""
    text = {
        "type": "plain_text_input",
        "action_id": "text",
        "multiline": True,
        "max_length": 40,
        "initial_value": "Hello",
    }
    tone = {"type": "radio_buttons", "action_id": "tone", "options": [option("warm", "Warm"), option("plain", "Plain")]}
    also = {"type": "checkboxes", "action_id": "also", "options": [option("like", "Like the post")]}
    colleague = {"type": "users_select", "action_id": "who"}
    snippet = {
        "type": "static_select",
        "action_id": "snippet",
        "options": [option("bag", "Baggage"), option("refund", "Refund")],
    }
    return {
        "type": "modal",
        "callback_id": "reply",
        "private_metadata": meta,
        "title": plain("PUBLIC reply"),
        "submit": plain("Send"),
        "close": plain("Cancel"),
        "blocks": [
            {"type": "section", "block_id": "banner", "text": mrkdwn(banner)},
            {
                "type": "actions",
                "block_id": "tools",
                "elements": [button("help", "Help"), button("refresh", "Refresh")],
            },
            entry("text", "Your reply", text | {"initial_value": "Hello"}, hint=plain("The signature is added.")),
            entry("snippet", "Snippet", snippet, optional=True),
            entry("tone", "Tone", tone, optional=True),
            entry("also", "Also", also, optional=True),
            entry("who", "Colleague", colleague, optional=True),
        ],
    }


HELP_VIEW: Json = {
    "type": "modal",
    "title": plain("Help"),
    "close": plain("Back"),
    "blocks": [{"type": "section", "text": mrkdwn("Be *kind*.")}],
}


class PageBot:
    """Listens like Hark, and keeps what was submitted in `submitted`."""

    def __init__(self, app: AsyncApp) -> None:
        """Register everything."""
        self.client = app.client
        self.submitted: list[Json] = []
        for name in ("claim", "reply", "thank", "close", "more", "help", "refresh"):
            app.action(name)(getattr(self, f"_{name}"))
        app.view("reply")(self._sent)
        app.event("app_home_opened")(self._home)
        app.event("message")(self._ignore)
        app.command("/hark")(self._command)

    async def post(self, channel: str, words: str) -> str:
        """Post a card and return its ts."""
        answer = await self.client.chat_postMessage(
            channel=channel, text=f"Complaint: {words[:80]}", blocks=card(words), unfurl_links=False
        )
        return str(answer["ts"])

    async def write(self, channel: str, text: str, **more: Any) -> str:
        """Post plain text and return its ts."""
        answer = await self.client.chat_postMessage(channel=channel, text=text, **more)
        return str(answer["ts"])

    async def _claim(self, ack: Any, body: Json) -> None:
        await ack()
        channel, ts = body["container"]["channel_id"], body["container"]["message_ts"]
        words = body["message"]["blocks"][1]["elements"][0]["elements"][0]["text"]
        blocks = card(words, f"Claimed by <@{body['user']['id']}>", "release")
        await self.client.chat_update(channel=channel, ts=ts, text="Claimed", blocks=blocks)

    async def _reply(self, ack: Any, body: Json) -> None:
        await ack()
        meta = f"{body['container']['channel_id']}/{body['container']['message_ts']}"
        await self.client.views_open(trigger_id=body["trigger_id"], view=reply_view(meta))

    async def _help(self, ack: Any, body: Json) -> None:
        await ack()
        await self.client.views_push(trigger_id=body["trigger_id"], view=HELP_VIEW)

    async def _refresh(self, ack: Any, body: Json) -> None:
        await ack()
        view = reply_view(body["view"]["private_metadata"], "*Ben answered meanwhile.*")
        await self.client.views_update(view_id=body["view"]["id"], view=view)

    async def _thank(self, ack: Any, body: Json) -> None:
        await ack()
        await self.write(body["user"]["id"], ":alarm_clock: Maya waits: <https://example.org|open>")

    async def _close(self, ack: Any, body: Json) -> None:
        await ack()
        place = body["container"]
        await self.client.chat_postEphemeral(
            channel=place["channel_id"], user=body["user"]["id"], text="Closed for you only."
        )

    async def _more(self, ack: Any, body: Json) -> None:
        await ack()
        place = body["container"]
        chosen = body["actions"][0]["selected_option"]["value"]
        await self.write(place["channel_id"], f"You chose `{chosen}`", thread_ts=place["message_ts"])

    async def _sent(self, ack: Any, body: Json) -> None:
        values = body["view"]["state"]["values"]
        if values["text"]["text"]["value"] == "bad":
            await ack(response_action="errors", errors={"text": "Someone answered meanwhile."})
            return
        await ack()
        self.submitted.append(values)
        channel, ts = body["view"]["private_metadata"].split("/")
        await self.write(channel, f"Sent: {values['text']['text']['value']}", thread_ts=ts)

    async def _home(self, event: Json) -> None:
        blocks = [{"type": "header", "text": plain("My claims")}, *card("waiting")]
        await self.client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    async def _command(self, ack: Any, respond: Any, body: Json) -> None:
        await ack()
        await respond(text=f"Queue for <@{body['user_id']}>: empty")

    async def _ignore(self) -> None:
        """Messages of people need no answer."""
