"""The kinds of settings that several networks have."""

import pytest

from bot.domain.errors import SettingsError
from bot.environment import read
from connectors.base import AccountSettings
from connectors.facebook.settings import FacebookSettings
from connectors.fields import listed
from connectors.instagram.settings import InstagramSettings
from connectors.threads.settings import ThreadsSettings
from connectors.whatsapp.settings import WhatsAppSettings

META = {"META_APP_SECRET": "a" * 32, "META_VERIFY_TOKEN": "a-long-word"}
TOKENS = [
    (FacebookSettings, "FACEBOOK_PAGE_TOKEN", {"FACEBOOK_PAGE_ID": "1100"}, "word"),
    (WhatsAppSettings, "WHATSAPP_TOKEN", {"WHATSAPP_PHONE_NUMBER_ID": "11000"}, "word"),
    (InstagramSettings, "INSTAGRAM_TOKEN", {"INSTAGRAM_ACCOUNT_ID": "11000"}, "token"),
    (ThreadsSettings, "THREADS_TOKEN", {"THREADS_USER_ID": "11000"}, "token"),
]


@pytest.mark.parametrize(("kind", "name", "more", "called"), TOKENS, ids=[each[1] for each in TOKENS])
def test_a_token_is_one_word(kind: type[AccountSettings], name: str, more: dict[str, str], called: str) -> None:
    """The space around it goes; space in it, letters that no header takes, and nothing at all are refused unseen."""
    field = name.partition("_")[2].lower()
    assert getattr(read(kind, META | more | {name: " EAAG0\n"}), field).get_secret_value() == "EAAG0"
    for wrong in ("EAAG EAAH", "EAÄG", " "):
        with pytest.raises(SettingsError, match=name) as caught:
            read(kind, META | more | {name: wrong})
        assert wrong == " " or f"must be one {called} without spaces" in str(caught.value)
        assert wrong == " " or wrong not in str(caught.value)


@pytest.mark.parametrize("hours", ["-1", "169", "soon"])
def test_the_first_start_looks_back_a_week_at_most(hours: str) -> None:
    """A day without the variable, up to seven with it."""
    given = META | {"THREADS_USER_ID": "11000", "THREADS_TOKEN": "THAA"}
    assert read(ThreadsSettings, given).history_hours == 24
    assert read(ThreadsSettings, given | {"THREADS_HISTORY_HOURS": "168"}).history_hours == 168
    with pytest.raises(SettingsError, match="THREADS_HISTORY_HOURS"):
        read(ThreadsSettings, given | {"THREADS_HISTORY_HOURS": hours})


def test_a_list_has_each_entry_once_in_order() -> None:
    """Space and empty entries are nothing."""
    assert listed(" b, a,,b ,") == ("b", "a")
    assert listed(" ") == ()
