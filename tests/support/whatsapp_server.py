"""WhatsApp's Cloud API for one business number: its own state, windows, pair limit, and the deliveries it makes."""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.base import ConnectorDeps
from connectors.whatsapp.connector import WhatsAppConnector
from connectors.whatsapp.settings import WhatsAppSettings
from tests.support.graph_server import META, Asked, GraphError, GraphServer, Json

NUMBER = "106540350000001"
ACCOUNT = "102290129340001"
TOKEN = "EAAGTestSystemUserToken"
VARIABLES = META | {"WHATSAPP_PHONE_NUMBER_ID": NUMBER, "WHATSAPP_TOKEN": TOKEN}
SHOWN = "+49 30 5550001"
WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Person:
    """A customer. Without a phone only the business-scoped id is told."""

    user: str
    phone: str = ""
    name: str = ""
    username: str = ""

    @property
    def contact(self) -> Json:
        """As deliveries describe them."""
        profile = {"name": self.name} | ({"username": self.username} if self.username else {})
        return {"profile": profile, "user_id": self.user} | ({"wa_id": self.phone} if self.phone else {})

    @property
    def sender(self) -> Json:
        """As a message names them."""
        return {"from_user_id": self.user} | ({"from": self.phone} if self.phone else {})


ANA = Person("DE.1349120865530001", "4915500000001", "Ana Rey")
BO = Person("DE.1349120865530002", "", "Bo", "@bo.lund")


@dataclass
class Message:
    """One message of ours as the network keeps it."""

    id: str
    to: str
    text: str
    callback: str
    at: datetime
    template: Json | None = None


@dataclass
class World:
    """What stands there; `wrote` is when each customer last wrote, by both ids."""

    people: dict[str, Person] = field(default_factory=dict)
    wrote: dict[str, datetime] = field(default_factory=dict)
    sent: list[Message] = field(default_factory=list)


class WhatsAppServer(GraphServer):
    """The number's side of the API. The test moves `clock`; `pair_limit` makes the 6-second rule strict."""

    token = TOKEN

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.state = {"status": "CONNECTED", "quality_rating": "GREEN"}
        self.apps: list[Json] = [{"whatsapp_business_api_data": {"id": "77", "name": "Hark"}}]
        self.pair_limit = False
        self.templates: list[Json] = []
        self._count = 0
        self.edge("GET", NUMBER, self._number)
        self.edge("GET", f"{ACCOUNT}/subscribed_apps", lambda asked: self.page(asked, self.apps))
        self.edge("GET", f"{ACCOUNT}/message_templates", self._templates)
        self.edge("POST", f"{NUMBER}/messages", self._take)

    def new_id(self) -> str:
        """The id of a new message."""
        self._count += 1
        return f"wamid.HBgTest{self._count:04d}"

    # --- what people do ---

    def write(self, who: Person, **message: object) -> Json:
        """A customer writes; `message` is what stands beside id, sender and time. The value of the update."""
        for name in filter(None, (who.phone, who.user)):
            self.world.people[name], self.world.wrote[name] = who, self.now()
        whole = {**who.sender, "id": self.new_id(), "timestamp": self._time(), **message}
        return {"contacts": [who.contact], "messages": [whole]}

    def says(self, who: Person, words: str) -> Json:
        """A customer writes text."""
        return self.write(who, type="text", text={"body": words})

    def status(self, sent: Message, status: str, *errors: Json) -> Json:
        """What became of a message of ours."""
        who = self.world.people[sent.to]
        one: Json = {"id": sent.id, "status": status, "timestamp": self._time(), "recipient_user_id": who.user}
        one |= ({"recipient_id": who.phone} if who.phone else {}) | ({"errors": [*errors]} if errors else {})
        return {"statuses": [one | {"biz_opaque_callback_data": sent.callback}]}

    def texts(self) -> list[str]:
        """What was sent, oldest first."""
        return [one.text for one in self.world.sent]

    # --- the edges ---

    def _time(self) -> str:
        return str(int(self.now().timestamp()))

    def _number(self, asked: Asked) -> Json:
        known = {"id": NUMBER, "display_phone_number": SHOWN, "verified_name": "Acme", **self.state}
        return {name: known[name] for name in asked.given("fields").split(",") if name in known} | {"id": NUMBER}

    def _templates(self, asked: Asked) -> Json:
        wanted = asked.given("status")
        found = [each for each in self.templates if wanted in ("", each["status"])]
        fields = {"id", *asked.given("fields").split(",")}
        return self.page(asked, [{name: value for name, value in each.items() if name in fields} for each in found])

    def _take(self, asked: Asked) -> Json:
        body = asked.body
        if body.get("messaging_product") != "whatsapp" or body.get("type") not in {"text", "template"}:
            raise GraphError(100, "(#100) Invalid parameter")
        is_template = body["type"] == "template"
        words = hydrated(self.templates, body["template"]) if is_template else body["text"]["body"]
        if len(words) > 4096:
            raise GraphError(100, "(#100) Param text['body'] must be at most 4096 characters long.")
        to = body.get("to") or body.get("recipient", "")
        if ("to" in body) == ("." in to) or to not in self.world.people:
            raise GraphError(131026, "Message undeliverable", error_data=_details("Message Undeliverable."))
        if not is_template and self.now() - self.world.wrote[to] > WINDOW:
            raise GraphError(131047, "Re-engagement message", error_data=_details("More than 24 hours have passed."))
        last = max((one.at for one in self.world.sent if one.to == to), default=None)
        if self.pair_limit and last is not None and self.now() - last < timedelta(seconds=6):
            raise GraphError(131056, "(Business Account, Consumer Account) pair rate limit hit")
        callback = body.get("biz_opaque_callback_data", "")
        if len(callback) > 512:
            raise GraphError(100, "(#100) biz_opaque_callback_data is too long")
        sent = Message(self.new_id(), to, words, callback, self.now(), body.get("template"))
        self.world.sent.append(sent)
        whom = {"wa_id": to} if "to" in body else {"user_id": to}
        contacts = [{"input": to, **whom}]
        return {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": sent.id}]}


def a_template(name: str, body: str, *, status: str = "APPROVED", language: str = "en", **more: object) -> Json:
    """A template of the account; `more` are `header`, `footer`, `buttons`, `components` and fields of its own."""
    parts: list[Json] = [{"type": "BODY", "text": body}]
    if header := more.pop("header", ""):
        parts.insert(0, {"type": "HEADER", "format": "TEXT", "text": header})
    if footer := more.pop("footer", ""):
        parts.append({"type": "FOOTER", "text": footer})
    if buttons := more.pop("buttons", ()):
        parts.append({"type": "BUTTONS", "buttons": buttons})
    about = {"name": name, "language": language, "status": status, "category": "UTILITY", "components": parts}
    return {"id": f"7{len(name)}{len(body)}", "parameter_format": "POSITIONAL", **about, **more}


def hydrated(templates: list[Json], told: Json) -> str:
    """The words of a template with its blanks filled in; refuses as the network does ("Error codes", 132xxx)."""
    found = [each for each in templates if each["name"] == told["name"]]
    found = [each for each in found if each["language"] == told["language"]["code"]]
    if not found or found[0]["status"] in {"PENDING", "REJECTED"}:
        raise GraphError(132001, "Template does not exist", error_data=_details("template name does not exist in en"))
    states = {"PAUSED": 132015, "DISABLED": 132016}
    if found[0]["status"] in states:
        raise GraphError(states[found[0]["status"]], f"Template is {found[0]['status']}")
    given = {(one["type"], str(one.get("index", "0"))): one for one in told.get("components", [])}
    parts = []
    for part in found[0]["components"]:
        if part["type"] in {"HEADER", "BODY"}:
            most = 60 if part["type"] == "HEADER" else 1024
            parts.append(_hydrated(part["text"], given.pop((part["type"].lower(), "0"), {}), most))
        for n, button in enumerate(part.get("buttons", [])):
            if "{{" in button.get("url", ""):
                filled = given.pop(("button", str(n)), {})
                assert not filled or filled.get("sub_type") == "url"
                parts.append(_hydrated(button["url"], filled, 2000))
    if given:
        raise GraphError(132000, "Number of parameters does not match the expected number of params")
    return "\n".join(parts)


def _hydrated(text: str, component: Json, most: int) -> str:
    names = list(dict.fromkeys(re.findall(r"\{\{(\w+)\}\}", text)))
    parameters = component.get("parameters", [])
    if len(parameters) != len(names):
        raise GraphError(132000, "Number of parameters does not match the expected number of params")
    for n, parameter in enumerate(parameters):
        value, name = parameter["text"], parameter.get("parameter_name", str(n + 1))
        if parameter.get("type") != "text" or name not in names:
            raise GraphError(132012, "Parameter format does not match format in the created template")
        if not value or "\n" in value or "\t" in value or " " * 5 in value:
            details = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
            raise GraphError(132018, "Template parameters error", error_data=_details(details))
        text = text.replace(f"{{{{{name}}}}}", value)
    if len(text) > most:
        raise GraphError(132005, "Template Hydrated Text Too Long")
    return text


def _details(words: str) -> Json:
    return {"messaging_product": "whatsapp", "details": words}


def failure(code: int, title: str, details: str = "") -> Json:
    """An error as a late status carries it."""
    return {"code": code, "title": title, "message": title, "error_data": {"details": details or title}}


def delivery(*values: Json, number: str = NUMBER, field_: str = "messages") -> bytes:
    """One delivery with these updates."""
    around = {"messaging_product": "whatsapp"}
    meta = {"metadata": {"display_phone_number": "49305550001", "phone_number_id": number}}
    changes = [{"field": field_, "value": {**around, **meta, **value}} for value in values]
    body = {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT, "changes": changes}]}
    return json.dumps(body).encode()


def environment(server: WhatsAppServer, **more: str) -> dict[str, str]:
    """The variables of a number on this server."""
    return {**VARIABLES, "META_GRAPH_URL": server.url, "WHATSAPP_BUSINESS_ACCOUNT_ID": ACCOUNT, **more}


def connect(server: WhatsAppServer, deps: ConnectorDeps, **more: str) -> WhatsAppConnector:
    """A connector to this server; `more` are further variables."""
    return WhatsAppConnector(WhatsAppSettings.model_validate(environment(server, **more)), deps)
