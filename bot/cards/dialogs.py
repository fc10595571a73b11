"""The other modals: close, not for us, signature, history, a case from App Home, and short notices."""

from collections.abc import Sequence
from typing import Final

from bot.cards import build
from bot.cards.action_ids import LOOP_POST, LOOP_WAIVE, ActionId, CallbackId, InputId, ModalState, Press
from bot.cards.buttons import claim_or_release
from bot.cards.card import ROOMS, card_parts
from bot.cards.conversation import Said, quoted, said
from bot.cards.customer import NAME
from bot.cards.escape import line, link, one_line, user_ids
from bot.cards.forms import banner, length_hint, signature_blocks, signature_input, warning_blocks
from bot.cards.limits import VIEW_BLOCKS, VIEW_BYTES, size
from bot.cards.modal import ViewJson, modal
from bot.cards.summary import troubles
from bot.cards.view import View, offered
from bot.cards.words import author_label, count
from bot.domain.case import Case, LogEntry, Person, SendState
from bot.domain.fallback import displaced_words
from bot.domain.lifecycle import REASONS
from bot.domain.offers import Offer
from bot.domain.ports import Blocks
from bot.domain.replying import QUEUED
from bot.domain.text.privacy import mask

DETAIL_GRAPHEMES: Final = 300
HISTORY_SIZE: Final = VIEW_BYTES // 8
"""Characters of all entries: one may take six bytes on its way to Slack."""
CLOSED_LOOP: Final = "Thank you for your patience. We have taken care of this in private."


def close_modal(
    case: Case,
    view: View,
    person: Person,
    state: ModalState,
    *,
    reason: str = "",
    signature: str = "",
    warnings: tuple[str, ...] = (),
) -> ViewJson:
    """Close with a reason. While the public loop is open it also asks for the closing line, or a waiver; for the waiver
    alone where the customer's public words take no answer any more.

    `reason` is the one that was chosen before, `signature` a suggestion for whoever has none yet.
    """
    top = [*warning_blocks((*warnings, *_unanswered(case))), _reason(reason)]
    if not case.loop_open:
        return modal(CallbackId.CLOSE, "Close case", top, state=state, submit="Close case")
    if Offer.CLOSING_WORD not in offered(case, view):
        return modal(CallbackId.CLOSE, "Close case", [*top, *_waiver()], state=state, submit="Close case")
    blocks = [*top, *_loop(case, view, person), *signature_blocks(person, signature)]
    return modal(CallbackId.CLOSE, "Close + PUBLIC line", blocks, state=state, submit="Send and close")


def _unanswered(case: Case) -> tuple[str, ...]:
    """What is easily forgotten; an answer on its way is none that was."""
    if case.wait is None or any(send.state in (SendState.QUEUED, SendState.SENDING) for send in case.sends):
        return ()
    customer = one_line(author_label(case.latest, case), NAME) or "The customer"
    return ("; ".join((f"{customer} still waits for an answer", *troubles(case))) + ".",)


def _reason(chosen: str) -> build.Block:
    options = {value: build.option(label.capitalize(), value) for value, label in REASONS.items()}
    element = build.select(ActionId.REASON, list(options.values()), chosen=options.get(chosen))
    return build.field(InputId.REASON.value, "Why is this case closed?", element)


def _loop(case: Case, view: View, person: Person) -> Blocks:
    choices = [
        build.option("Post this closing line in public", LOOP_POST),
        build.option("None is needed: leave the public thread as it is", LOOP_WAIVE),
    ]
    closing = build.text_input(
        InputId.LINE,
        ActionId.LINE,
        "PUBLIC closing line",
        hint=length_hint(view.capabilities.public_reply, person.signature),
        initial=CLOSED_LOOP,
        optional=True,
        multiline=True,
    )
    return [banner(case, view, private=False), _choice(choices), closing]


def _waiver() -> Blocks:
    return [_choice([build.option("The public thread stays as it is", LOOP_WAIVE)])]


def _choice(choices: list[build.Block]) -> build.Block:
    element = build.radios(ActionId.LOOP, choices, chosen=choices[0])
    return build.field(InputId.LOOP.value, "The public thread still waits for a closing word", element)


def dismiss_modal(case: Case, view: View, state: ModalState) -> ViewJson:
    """Confirm "not for us": nobody will be reminded of this case again."""
    question = (
        "Set this case aside as not for us? It is closed, nobody answers it and it is left out of every figure. "
        "It can be reopened."
    )
    said_last = said(case, view)[-1:]
    blocks = [build.section(question), *(quoted(each, DETAIL_GRAPHEMES) for each in said_last)]
    return modal(CallbackId.DISMISS, "Not for us?", blocks, state=state, submit="Not for us", close="Keep it")


def signature_modal(person: Person, suggestion: str, state: ModalState | None = None) -> ViewJson:
    """Set or change one's own signature."""
    blocks = [signature_input(person.signature or suggestion)]
    return modal(CallbackId.SIGNATURE, "Your signature", blocks, state=state or ModalState(), submit="Save")


def history_modal(case: Case, log: Sequence[LogEntry], view: View) -> ViewJson:
    """Everything that happened, newest last. What does not fit is left out from the beginning, and that is said.

    What was queued and tried or sent later is quoted there and not twice.
    """
    known = {entry.detail for entry in log}
    unlogged = [each for each in said(case, view, edits=True) if each.text and each.text not in known]
    entries: list[LogEntry | Said] = sorted([*log, *unlogged], key=lambda each: each.at)
    blocks: Blocks = []
    room, told = HISTORY_SIZE, set[str]()
    for entry in reversed(entries[1 - VIEW_BLOCKS :]):
        block = _entry(entry, view, told)
        room -= size(block)
        if room < 0:
            break
        blocks.insert(0, block)
    if len(blocks) < len(entries):
        blocks.insert(0, build.context(f"{count(len(entries) - len(blocks), 'older entry', 'older entries')} left out"))
    blocks = blocks or [build.context("Nothing has happened yet.")]
    return modal(CallbackId.HISTORY, "History", blocks, close="Close")


def _entry(entry: LogEntry | Said, view: View, told: set[str]) -> build.Block:
    """One line of the log. In a modal a user part shows a name and calls nobody.

    `told` holds what stands below later entries; this one's detail is added.
    """
    if isinstance(entry, Said):
        return quoted(entry, DETAIL_GRAPHEMES)
    staff = user_ids((entry.by,))
    who = [build.text_part(" · "), build.user_part(staff[0])] if staff else []
    what = build.text_part(f" · {one_line(entry.what, 200) or 'something'}")
    top = build.rich_line(build.date_part(entry.at), *who, what)
    detail = one_line(mask(entry.detail[:2_000], view.allow).text, DETAIL_GRAPHEMES)
    if not detail or (entry.what.startswith(QUEUED) and detail in told):
        return build.rich(top)
    told.add(detail)
    return build.rich(top, build.rich_quote(detail))


def case_modal(case: Case, view: View, refused: str = "") -> ViewJson:
    """A case as it stands, to read from App Home. Its buttons are on the card; as long as that does not stand (a storm
    holds it back, or Slack refuses it) it can be claimed here. `refused` says why a press changed nothing."""
    drawn = card_parts(case, "", view, ROOMS[0])
    parts = [(role, _quiet(block)) for role, block in drawn if block["type"] != "actions"]
    top = warning_blocks((refused,) if refused else ())
    blocks = [*top, *build.with_ids(case.id, [*parts, *_way_to_card(case, view)]).blocks]
    return modal(CallbackId.CASE, "Case", blocks, close="Close")


def _way_to_card(case: Case, view: View) -> build.Parts:
    if view.card_url:
        return [("where", build.section(link(view.card_url, "Open the card in its channel")))]
    if case.card is None or case.card.ts or not case.is_open:
        return []
    comes = "Its card comes in a moment." if case.claim else "It has no card yet. Once it is claimed, its card comes."
    why = displaced_words(case.card.error) if case.card.error else comes
    parts: build.Parts = [("where", build.context(line(why, DETAIL_GRAPHEMES)))]
    return (
        parts
        if case.claim
        else [*parts, ("claim", build.actions([claim_or_release(case, Press(case=case.id).value())]))]
    )


def _quiet(block: build.Block) -> build.Block:
    return {name: value for name, value in block.items() if name != "accessory"}


def notice_modal(title: str, text: str) -> ViewJson:
    """Tell one thing: a refusal, an error, an old card."""
    said_so = one_line(text, 600) or "Nothing to say."
    blocks = [build.paragraph(build.text_part(said_so))]
    return modal(CallbackId.NOTICE, one_line(title, 24) or "Hark", blocks, close="OK")
