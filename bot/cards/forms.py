"""The modals in which staff write to a customer. Their titles say PUBLIC or PRIVATE, and name who will speak.

This is the only way in which anything typed in Slack reaches a customer.
"""

from dataclasses import dataclass
from typing import Final

from bot.cards import build
from bot.cards.action_ids import ActionId, CallbackId, InputId, ModalState
from bot.cards.conversation import last_messages
from bot.cards.customer import NAME
from bot.cards.escape import date_token, one_line, plain
from bot.cards.limits import INPUT_VALUE, units
from bot.cards.modal import ViewJson, modal
from bot.cards.view import View
from bot.cards.words import author_label, rule_words
from bot.domain.case import SIGNATURE_LONGEST, Case, Person, Purpose
from bot.domain.models import LengthRule
from bot.domain.offers import private_route
from bot.domain.ports import Blocks
from bot.domain.text.clean import ELLIPSIS, tidy
from bot.domain.text.lengths import length

SIGNATURE_TYPED: Final = 2 * SIGNATURE_LONGEST
"""Characters that the field takes: an emoji is typed by its name."""
WARNING_GRAPHEMES: Final = 400


@dataclass(frozen=True, slots=True)
class WritingForm:
    """What the form shows. `draft` is the kept or suggested text, of which the field takes `room` characters, `line`
    the one for the public; `signature` is a suggestion for whoever has none yet."""

    draft: str = ""
    line: str = ""
    signature: str = ""
    warnings: tuple[str, ...] = ()
    room: int = INPUT_VALUE


def reply_modal(case: Case, view: View, person: Person, state: ModalState, form: WritingForm) -> ViewJson:
    """Answer or thank."""
    private = case.latest.private
    noun = "thank-you" if state.purpose is Purpose.THANK else ("message" if private else "reply")
    rule = view.capabilities.private_message if private else view.capabilities.public_reply
    blocks = [
        *warning_blocks(form.warnings),
        banner(case, view, private=private),
        *last_messages(case, view),
        *_window(case, view),
        *_text(f"Your {'private' if private else 'public'} {noun}", rule, person, form),
        *(_like() if state.purpose is Purpose.THANK and view.capabilities.like and not private else []),
        *signature_blocks(person, form.signature),
    ]
    title = f"{'PRIVATE' if private else 'PUBLIC'} {noun}"
    return modal(CallbackId.REPLY, title, blocks, state=state, submit="Send", report_close=True)


def private_modal(case: Case, view: View, person: Person, state: ModalState, form: WritingForm) -> ViewJson:
    """Take a conversation private: a message and an optional public line, or a public line with the contact way."""
    if private_route(case, view.capabilities, view.now, view.contact) != "message":
        return _contact_modal(case, view, person, state, form)
    public = view.capabilities.public_reply
    blocks = [
        *warning_blocks(form.warnings),
        banner(case, view, private=True),
        *last_messages(case, view),
        *_window(case, view),
        *_text("Your private message", view.capabilities.private_message, person, form),
        *([_public_line(view, public, person, form.line)] if public else []),
        *signature_blocks(person, form.signature),
    ]
    title = "PRIVATE and PUBLIC" if public else "PRIVATE message"
    return modal(CallbackId.PRIVATE, title, blocks, state=state, submit="Send", report_close=True)


def _contact_modal(case: Case, view: View, person: Person, state: ModalState, form: WritingForm) -> ViewJson:
    """The network has no private messages: say in public where the company can be reached in private."""
    network = one_line(view.network_title, NAME) or "This network"
    note = f"{network} has no private messages here. Ask the customer to use your private contact way."
    blocks = [
        *warning_blocks(form.warnings),
        banner(case, view, private=False),
        build.paragraph(build.text_part(note)),
        *last_messages(case, view),
        *_text("Your public reply", view.capabilities.public_reply, person, form),
        *signature_blocks(person, form.signature),
    ]
    return modal(CallbackId.PRIVATE, "PUBLIC reply", blocks, state=state, submit="Send", report_close=True)


def length_hint(rule: LengthRule | None, signature: str) -> str:
    """The network's own rule in words, and what the signature takes of it."""
    if rule is None:
        return ""
    words = f"Up to {rule_words(rule)}"
    return f"{words}; {length(f' {signature}', rule)} of them are your signature." if signature else f"{words}."


def signature_input(suggestion: str) -> build.Block:
    """The field for somebody's signature."""
    return build.text_input(
        InputId.SIGNATURE,
        ActionId.SIGNATURE,
        "Your signature",
        hint="Customers see it after your words, such as ^AK or – Anna; at most "
        f"{SIGNATURE_LONGEST} characters. It is kept for next time; change it in Home.",
        initial=one_line(suggestion, SIGNATURE_LONGEST, SIGNATURE_TYPED),
        most=SIGNATURE_TYPED,
    )


def banner(case: Case, view: View, *, private: bool) -> build.Block:
    """Who will speak, and who will read it."""
    account = one_line(view.account_title, NAME) or "our account"
    network = one_line(view.network_title, NAME) or "the network"
    customer = one_line(author_label(case.latest, case), NAME) or "the customer"
    title, readers = "📢 PUBLIC: ", f" speaks on {network}, to {customer}. Everybody can read this."
    if private:
        title, readers = "🔒 PRIVATE: ", f" speaks in private on {network}. Only {customer} can read this."
    bold = (build.text_part(title, "bold"), build.text_part(account, "bold"))
    return build.paragraph(*bold, build.text_part(readers))


def fitted(text: str, room: int = INPUT_VALUE) -> str:
    """A text that fits into a field which may begin with so many characters, otherwise left as it was typed."""
    clean = tidy(text)
    return clean if units(clean) <= room else plain(clean, room, room)


def warning_blocks(warnings: tuple[str, ...]) -> Blocks:
    """What should be looked at before Send is pressed again."""
    return [_warning(each) for each in warnings[:6]]


def _warning(warning: str) -> build.Block:
    text = one_line(warning, WARNING_GRAPHEMES) or "Please check before you send."
    return build.paragraph(build.text_part(f"⚠️ {text}", "bold"))


def _window(case: Case, view: View) -> Blocks:
    until = case.latest.reply_until
    return [build.context(f"⌛ Replies are possible until {date_token(until)}")] if until and until > view.now else []


def _text(label: str, rule: LengthRule | None, person: Person, form: WritingForm) -> Blocks:
    """The field for the words; above it what it has no room for, which stays in the draft until something is typed."""
    whole, shown = tidy(form.draft), fitted(form.draft, form.room)
    field = build.text_input(
        InputId.TEXT,
        ActionId.DRAFT,
        label,
        hint=length_hint(rule, person.signature),
        initial=shown,
        multiline=True,
        report_typing=True,
    )
    if shown == whole:
        return [field]
    left = f"The last {len(whole) - len(shown.removesuffix(ELLIPSIS)):,} characters of your draft are not in this field"
    return [_warning(f"{left}, which holds no more, and are not sent. They are kept until you type here."), field]


def _public_line(view: View, rule: LengthRule, person: Person, suggestion: str) -> build.Block:
    account = one_line(view.account_title, NAME) or "our account"
    return build.text_input(
        InputId.LINE,
        ActionId.LINE,
        f"PUBLIC line by {account}",
        hint=f"Everybody can read it. {length_hint(rule, person.signature)} Leave it empty to say nothing in public.",
        initial=fitted(suggestion),
        optional=True,
        multiline=True,
    )


def _like() -> Blocks:
    """A thank-you may come with a like."""
    box = {
        "type": "checkboxes",
        "action_id": ActionId.LIKE.value,
        "options": [build.option("Like their post too", "yes")],
    }
    return [build.field(InputId.LIKE.value, "With the words", box) | {"optional": True}]


def signature_blocks(person: Person, suggestion: str) -> Blocks:
    """A preview for those who have a signature, a field for those who do not."""
    if not person.signature:
        return [signature_input(suggestion)]
    preview = build.text_part(one_line(person.signature, SIGNATURE_LONGEST) or "-", "code")
    return [build.paragraph(build.text_part("Your words are followed by your signature: "), preview)]
