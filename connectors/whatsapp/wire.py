"""The JSON of WhatsApp's webhook, as far as Hark reads it. Lenient: unknown is ignored, almost all may be missing.

Shapes follow the "messages" webhook reference and "Business-scoped user IDs" of the Cloud API. Times are seconds as
text. A sender who goes by a username may have no phone number: `from` and `wa_id` are then missing.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from connectors.graph.wire import Id, Objects, Text, When, Wire
from connectors.lenient import MaybeObject, Object


class Profile(Wire):
    """What a customer shows of themselves."""

    name: Text = ""
    username: Text = ""


class Contact(Wire):
    """Who wrote one of the messages of the same update."""

    profile: Object[Profile] = Profile()
    wa_id: Id = ""
    user_id: Id = ""


class Body(Wire):
    """A text message, or the pressed button of a template."""

    body: Text = ""
    text: Text = ""


class Media(Wire):
    """A picture, video, sound, document or sticker. The file can be read with the account's token only."""

    mime_type: Text = ""
    caption: Text = ""
    filename: Text = ""
    voice: bool | None = None


class Location(Wire):
    """A place. Degrees."""

    latitude: float
    longitude: float
    name: Text = ""
    address: Text = ""


class CardName(Wire):
    """The name on a contact card."""

    formatted_name: Text = ""


class Phone(Wire):
    """A number on a contact card."""

    phone: Text = ""


class Card(Wire):
    """One contact card that the customer sent."""

    name: Object[CardName] = CardName()
    phones: Objects[Phone] = ()


class Choice(Wire):
    """What the customer chose from buttons or a list, or the form that they filled in: its answers are JSON as text."""

    title: Text = ""
    description: Text = ""
    name: Text = ""
    body: Text = ""
    response_json: Text = ""


class Interactive(Wire):
    """An answer to something that offered choices: exactly one part is there."""

    button_reply: MaybeObject[Choice] = None
    list_reply: MaybeObject[Choice] = None
    nfm_reply: MaybeObject[Choice] = None


class Reaction(Wire):
    """An emoji on a message; without one a reaction was taken back."""

    message_id: Id = ""
    emoji: Text = ""


class Product(Wire):
    """One line of an order."""

    product_retailer_id: Id = ""
    quantity: Id = ""
    item_price: Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, str | int | float) else "")
    ] = ""  # fmt: skip
    currency: Text = ""


class Order(Wire):
    """What the customer put into the cart of a catalogue."""

    text: Text = ""
    product_items: Objects[Product] = ()


class Referral(Wire):
    """The advertisement or post by which the customer came."""

    source_url: Text = ""
    headline: Text = ""


class Change(Wire):
    """An edit or a revocation of an earlier message; an edit carries the new message."""

    original_message_id: Id = ""
    message: Object[dict[str, Any]] = Field(default_factory=dict)


class System(Wire):
    """News about the customer's account, such as another number: their new ids, and the old one."""

    type: Text = ""
    wa_id: Id = ""
    user_id: Id = ""
    previous_user_id: Id = ""


class Message(Wire):
    """One message from a customer. `type` names the part that is there."""

    id: Id = ""
    sender: Id = Field(default="", alias="from")
    from_user_id: Id = ""
    group_id: Id = ""
    timestamp: When = None
    type: Text = ""
    text: Object[Body] = Body()
    button: Object[Body] = Body()
    location: MaybeObject[Location] = None
    contacts: Objects[Card] = ()
    interactive: Object[Interactive] = Interactive()
    reaction: Object[Reaction] = Reaction()
    order: Object[Order] = Order()
    referral: MaybeObject[Referral] = None
    edit: Object[Change] = Change()
    revoke: Object[Change] = Change()
    system: Object[System] = System()


class Status(Wire):
    """What became of a message of ours. `errors` say why it failed."""

    status: Text = ""
    timestamp: When = None
    errors: Objects[dict[str, Any]] = ()
    biz_opaque_callback_data: Text = ""
