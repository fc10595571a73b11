"""The menu of a card has five places; the More dialog has what finds none."""

from typing import Any

import pytest

from bot.cards.action_ids import ModalState, Press, Verb
from bot.cards.assigning import assign_modal
from bot.cards.card import render
from bot.cards.limits import OVERFLOW_OPTIONS
from bot.cards.menu import more_modal
from bot.domain.case import Case
from tests.support.block_kit import check_view
from tests.support.card_cases import CARD, a_view, states

HOSTILE = "<!channel> *bold* & <https://evil.example|click>"


def verbs(case: Case, **view: Any) -> list[Verb | None]:
    """What the menu of a case's card offers."""
    menu = render(case, CARD, a_view(**view)).blocks[-1]["elements"][-1]
    return [press.verb for option in menu["options"] if (press := Press.decode(option["value"]))]


def rows(case: Case, **view: Any) -> dict[str, str]:
    """What the More dialog offers, by verb."""
    blocks = more_modal(case, a_view(**view))["blocks"]
    found = {Press.decode(each["accessory"]["value"]): each["text"]["text"] for each in blocks}
    return {str(press.verb): text for press, text in found.items() if press}


def test_what_has_no_place_stands_behind_the_last_one() -> None:
    """While a first word is owed there are more than five; what comes first stays."""
    case = states()["hide_offered"]
    found = verbs(case)
    assert found == [Verb.ACKNOWLEDGE, Verb.CLOSE, Verb.DISMISS, Verb.HIDE, Verb.MORE]
    missing = set(Verb) - set(found)
    assert missing <= {Verb(each) for each in rows(case)}


@pytest.mark.parametrize("name", states())
def test_everything_that_is_offered_can_be_reached(name: str) -> None:
    """In the menu, or in the dialog behind it; and only where there is need of one."""
    case = states()[name]
    found = verbs(case)
    assert len(found) <= OVERFLOW_OPTIONS
    offered = {*found, *(map(Verb, rows(case)))} - {Verb.MORE}
    if Verb.MORE in found:
        assert len(offered) > OVERFLOW_OPTIONS
    else:
        assert offered == set(found)


def test_the_dialog_is_one_that_slack_takes() -> None:
    """Each line has a button of its own; whatever a network is called, it is shown as it is."""
    case = states()["hide_offered"]
    assert check_view(more_modal(case, a_view(network_title=HOSTILE))) == []
    words = rows(case, network_title=HOSTILE)["open"]
    assert "<!channel>" not in words
    assert "&lt;!channel&gt;" in words


def test_the_form_is_one_that_slack_takes() -> None:
    """Who has the case is named where it says that the case stays."""
    view = assign_modal(states()["claimed"], ModalState())
    assert check_view(view) == []
    assert "it stays with Ana" in str(view)
    assert "nobody has it yet" in str(assign_modal(states()["new"], ModalState()))
