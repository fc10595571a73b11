"""Sending a reply in two steps, so that neither a crash between them nor a lost answer can double it.

Step one makes a container, which nobody sees; its id is noted before step two publishes it. A container can be
published once. So whoever comes back to a send goes on with its container and asks what became of it, and never makes
a second one while the first may still stand.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.domain.case import MODERATION, Purpose, Send
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import LengthRule, Sent
from connectors.base import ConnectorDeps
from connectors.graph.client import Json
from connectors.graph.errors import Fate
from connectors.graph.sending import found_hidden, looked_at, moderated
from connectors.graph.values import identifier, moment, text
from connectors.lenient import table
from connectors.looking_back import Whose
from connectors.threads.api import Api
from connectors.threads.mapping import NETWORK
from connectors.times import CLOCK_TOLERANCE

LENGTH: Final = LengthRule(limit=500, unit="emoji_bytes")
"""Page "Threads Posts": 500 characters; emoji are counted as the number of UTF-8 bytes."""
CONTAINER_KEPT: Final = timedelta(days=7)
"""Longer than the day for which a container lives, so that a late second try still knows of the first."""

NOT_READY_S: Final = 5.0
NOT_LISTED_S: Final = 30.0

GONE: Final = "The post is not on Threads any more, or the profile may not see it. Nothing was sent."
HIDDEN: Final = "HIDDEN"
NO_PRIVATE: Final = "Threads has no private messages for apps: ask the customer to write elsewhere."
NOTHING: Final = "There is nothing here that could be answered."


class State(StrEnum):
    """What became of a container."""

    FINISHED = "FINISHED"
    IN_PROGRESS = "IN_PROGRESS"
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


class Sender:
    """The replies of one profile."""

    def __init__(self, deps: ConnectorDeps, api: Api) -> None:
        self._account = deps.account
        self._api = api
        self._notes = deps.notes
        self._whose = Whose(NETWORK, deps)

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown."""
        target = _target(send)
        if send.purpose in MODERATION:
            return await self._hide(send, target)
        container = await self._noted(send)
        state, why = await self._state(container) if container else (State.EXPIRED, "")
        match state:
            case State.PUBLISHED:
                return await self._surely(send)
            case State.IN_PROGRESS:
                raise Transient("Threads is still preparing the reply", retry_after=NOT_READY_S, shared=False)
            case State.ERROR:
                await self._note(send, "")
                raise Permanent(Fate.REFUSED, f"Threads could not take the reply: {why or 'it does not say why'}")
            case State.EXPIRED:
                found = await self._own(send) if container else None
                if found is not None:
                    return found
                container = await self._prepared(send, target)
            case State.FINISHED:
                pass
        return await self._published(send, container)

    async def read_back(self, send: Send) -> Sent | None:
        """Find a reply; None when it certainly does not stand. Raises Transient, Permanent or Unknown."""
        if send.purpose in MODERATION:
            target = send.ref.get("id", "")
            return await found_hidden(send, target, self._is_hidden(target))
        container = await self._noted(send)
        state = (await self._state(container))[0] if container else State.EXPIRED
        if state not in {State.PUBLISHED, State.EXPIRED}:
            return None
        found = await self._own(send)
        if found is None and state is State.PUBLISHED:
            raise Transient("the reply is published but not yet listed", retry_after=NOT_LISTED_S, shared=False)
        return found

    # --- hiding ---

    async def _hide(self, send: Send, target: str) -> Sent:
        if not await self._api.hide(target, hidden=send.purpose is Purpose.HIDE):
            raise Unknown("Threads did not say whether the reply is hidden")
        return moderated(send, target)

    async def _is_hidden(self, target: str) -> bool | None:
        """Whether a reply is hidden; None where Threads does not say."""
        status = await self._api.hide_status(target)
        return status == HIDDEN if status else None

    # --- the steps ---

    async def _prepared(self, send: Send, target: str) -> str:
        """Look at the post once more, since few deletions are told of; then step one, noted before anything else."""
        await looked_at(self._api.post(target, staff=True), GONE)
        try:
            container = await self._api.container(send.text, target)
        except Unknown as error:  # nobody sees a container, so another one does no harm
            raise Transient(f"the reply could not be handed over: {error}") from error
        if not container:
            raise Transient("Threads gave no number for the reply")
        await self._note(send, container)
        return container

    async def _published(self, send: Send, container: str) -> Sent:
        """Step two. A refusal may mean that an earlier try, whose answer was lost, came through after all."""
        try:
            post_id = await self._api.publish(container)
        except Permanent:
            if (await self._state(container))[0] is State.PUBLISHED:
                return await self._surely(send)
            raise
        if not post_id:
            raise Unknown("Threads did not say under which number the reply stands")
        await self._whose.note(post_id, send)
        try:
            link = text((await self._api.post(post_id, staff=True)).get("permalink"))
        except (Transient, Permanent):
            link = ""  # the reply stands; its address comes when it is read back
        return Sent(id=post_id, url=link)

    async def _surely(self, send: Send) -> Sent:
        """The reply is out already, by an earlier try: only its number is missing."""
        found = await self._own(send)
        if found is None:
            raise Unknown("the reply is published but not yet listed")
        return found

    async def _state(self, container: str) -> tuple[State, str]:
        """What became of a container; one that the network does not know any more has expired."""
        try:
            state, why = await self._api.state(container)
            return State(state), why
        except Permanent as error:
            if error.reason != Fate.GONE:
                raise
            return State.EXPIRED, ""
        except ValueError as error:
            raise Transient("Threads does not say what became of the reply") from error

    async def _own(self, send: Send) -> Sent | None:
        """Our own reply to this post with these words, not older than the send."""
        since = send.created_at - CLOCK_TOLERANCE
        async for page in self._api.own_replies():
            for post in page:
                id_ = identifier(post.get("id"))
                if _is(post, send, since) and await self._whose.is_of(id_, send):
                    return Sent(id=id_, url=text(post.get("permalink")))
            oldest = moment(page[-1].get("timestamp")) if page else None
            if oldest is not None and oldest < since:
                break
        return None

    # --- what is noted ---

    def _name(self, send: Send) -> str:
        return f"threads:{self._account}:container:{send.id}"

    async def _noted(self, send: Send) -> str:
        return await self._notes.get(self._name(send)) or ""

    async def _note(self, send: Send, container: str) -> None:
        await self._notes.set(self._name(send), container, CONTAINER_KEPT)


def _target(send: Send) -> str:
    """The post that a send is about; raises Permanent where Threads offers no way."""
    if send.private:
        raise Permanent("no_private_reply", NO_PRIVATE)
    target = send.ref.get("id", "")
    if not target:
        raise Permanent("no_public_reply", NOTHING)
    return target


def _is(post: Json, send: Send, since: datetime) -> bool:
    at = moment(post.get("timestamp"))
    to = identifier(table(post.get("replied_to")).get("id"))
    return text(post.get("text")) == send.text and at is not None and at >= since and to in {"", send.ref.get("id")}
