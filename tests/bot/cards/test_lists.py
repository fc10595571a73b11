"""App Home, the hourly message and the answers of the slash command."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.cards.commands import help_reply, mine_reply, queue_reply, refusal_reply
from bot.cards.escape import is_channel, link, mention, one_line, plain, safe_url, user_ids
from bot.cards.home import AccountHealth, HomeData, home_view
from bot.cards.hourly import HourlyData, hourly_message
from bot.cards.limits import CARD_TOTAL, FALLBACK_TEXT, size, units
from bot.cards.lists import Listed, case_line, listed, open_button
from bot.cards.view import Rendered, View
from bot.domain.case import Case, Person
from bot.domain.models import Author, Health
from tests.support.block_kit import check_message, check_view
from tests.support.card_cases import a_direct_message, a_hiding_case, a_public_case, a_view, matches_snapshot, states
from tests.support.cases import ANA, NOON, a_claim, an_item

LINK = "https://acme.slack.example/archives/C1/p1"
LOUD = "<!channel> & *x* " * 20


def _view_of(_: Case) -> View:
    return a_view(card_url=LINK)


CASES = listed([states()["breached_answer"], a_public_case(claim=a_claim()), a_direct_message()], _view_of)
HOME = HomeData(
    person=ANA,
    mine=CASES[1:2],
    waiting=CASES,
    waiting_total=12,
    accounts=[
        AccountHealth("Bluesky @acme.example", Health(ok=True, summary="last item 10 s ago", expires_at=NOON)),
        AccountHealth("Webhook shop", Health(ok=False, summary="the secret is wrong", mend="Set WEBHOOK_SECRET.")),
    ],
    problems=["Slack does not let Hark post into <#C1>"],
    hiding=[Listed(a_hiding_case(), a_view(card_url=LINK))],
)
HOURLY = HourlyData(
    at=NOON,
    waiting_total=7,
    overdue=1,
    oldest_since=NOON - timedelta(hours=3),
    waiting=CASES,
    quiet=["Eve <!here> liked", "Bo followed\thttps://square.example/bo", "Cy followed\tjavascript:alert(1)"],
)
MESSAGES: dict[str, Rendered] = {
    "hourly": hourly_message(HOURLY),
    "hourly_quiet": hourly_message(HourlyData(at=NOON)),
    "queue": queue_reply(CASES, 12),
    "queue_empty": queue_reply([], 0),
    "mine": mine_reply(CASES[1:2], 30),
    "help": help_reply("qeue"),
    "refusal": refusal_reply("Ben claimed this 4 s ago."),
}


def _text(node: Any) -> str:
    return json.dumps(node, ensure_ascii=False)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_each_message_is_drawn_as_recorded_and_within_the_limits(name: str) -> None:
    """A list looks as it did when somebody last looked at it, and Slack takes it."""
    drawn = MESSAGES[name]
    assert check_message(drawn.blocks, drawn.text) == []
    assert matches_snapshot(name, {"text": drawn.text, "blocks": drawn.blocks})


def test_cases_that_cannot_be_shown_here_still_wait() -> None:
    """A newer version wrote them: how many there are is known all the same."""
    assert "Nobody waits" not in queue_reply((), 3).text
    assert "3 cases wait for an answer" in queue_reply((), 3).text


@pytest.mark.parametrize("name", ["hourly", "queue"])
def test_whoever_hears_a_list_hears_its_cases(name: str) -> None:
    """A screen reader reads the text instead of the blocks: every case is in it, and of a private one no word."""
    assert [each for each in CASES if case_line(each) not in MESSAGES[name].text] == []
    assert "Where is it?" in MESSAGES[name].text
    assert CASES[2].case.latest.text not in MESSAGES[name].text


def test_a_list_says_what_was_due_and_what_a_case_still_wants() -> None:
    """A time that has passed was due; whoever went private sees that people still wait in public."""
    late = states()["breached_answer"]
    assert "· due <!date" in case_line(Listed(late, a_view()))
    assert "· was due <!date" in case_line(Listed(late, a_view(now=NOON + timedelta(hours=3))))
    private = states()["private_loop_open"]
    assert "the public thread waits for a closing word" in case_line(Listed(private, a_view()))
    closed = private.model_copy(update={"status": "closed"})
    assert "closing word" not in case_line(Listed(closed, a_view()))


def test_a_list_says_which_of_our_words_did_not_arrive() -> None:
    """Who looks at the queue must not answer twice, nor believe that nobody has tried."""
    assert "· ❗ public reply failed" in case_line(Listed(states()["failed"], a_view()))
    assert "· ❗ public reply: not known whether it arrived" in case_line(Listed(states()["unknown"], a_view()))
    assert "❗" not in case_line(Listed(states()["sent"], a_view()))


def test_a_text_ends_before_it_is_too_long() -> None:
    """Ten cases of the loudest names: as many whole lines as fit."""
    loud = Listed(a_public_case(items=(an_item(LOUD, author=Author(id="x", name=LOUD)),)), a_view(card_url=LINK * 9))
    said = queue_reply([loud] * 99, 99).text
    assert units(said) <= FALLBACK_TEXT
    assert said.endswith(case_line(loud))


@pytest.mark.parametrize(("name", "data"), [("home", HOME), ("home_empty", HomeData(person=Person(id="U1")))])
def test_home_is_drawn_as_recorded_and_within_the_limits(name: str, data: HomeData) -> None:
    """A full Home and the Home of somebody's first day."""
    view = home_view(data)
    assert check_view(view) == []
    assert matches_snapshot(name, view)


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("Ana-Maria O’Neill", "Ana-Maria O’Neill"),
        ("<!here> 💥", "here"),
        ("सुनीता देवी ❤️", "सुनीता देवी"),
        ("❤️", "someone"),
    ],
)
def test_each_button_in_home_says_whose_case_it_opens(name: str, heard: str) -> None:
    """Twenty buttons are called Open; whoever goes from one to the next hears a name."""
    one = Listed(a_public_case(items=(an_item("Hi", author=Author(id="x", name=name)),)), a_view())
    assert open_button(one)["accessibility_label"] == f"Open the mention of {heard}"


def test_home_holds_its_limit_however_much_there_is() -> None:
    """A thousand cases and accounts of loud names: within Slack's limits, and the rest is counted."""
    loud = Listed(a_public_case(items=(an_item(LOUD, author=Author(id="x", name=LOUD)),)), a_view(card_url=LINK))
    account = AccountHealth(
        "👩‍👩‍👧‍👦&" * 500, Health(ok=False, summary="&" * 5000, mend="&" * 5000, expires_at=NOON), ["&" * 999] * 9
    )
    person = Person(id="U1", signature="&" * 900)
    many = [loud] * 1000
    data = HomeData(person, many, many, [account] * 1000, 1000, 1000, ["&" * 9000] * 99, many, 1001)
    assert check_view(home_view(data)) == []
    assert all(f"and {rest} more" in _text(home_view(data)) for rest in (94, 980, 990, 991))
    assert "<!channel>" not in _text(home_view(data))


def test_somebody_new_reads_first_how_it_works() -> None:
    """Help and signature stand on top until there is one, then at the end; neither stands there twice."""
    new, known = (_text(home_view(HomeData(person=each))) for each in (Person(id="U1"), ANA))
    assert new.index("How it works") < new.index("*Claim* a case") < new.index("My signature") < new.index("My claims")
    assert "How it works" not in known
    assert known.index("My claims") < known.index("My signature") < known.index("*Claim* a case")
    assert new.count("My signature") == known.count("My signature") == 1


def test_home_says_what_is_wrong_and_how_to_mend_it() -> None:
    """A broken account stands there with its mend, in words."""
    text = _text(home_view(HOME))
    assert "not working" in text
    assert "Set WEBHOOK_SECRET." in text


def test_home_says_how_many_problems_and_accounts_it_leaves_out() -> None:
    """And where they are told of; nothing is said of the rest where there is none."""
    checked = "more; `python -m bot check` tells of them all"
    shown = HomeData(ANA, accounts=[HOME.accounts[0]] * 20, problems=["full"] * 5)
    more = HomeData(ANA, accounts=[HOME.accounts[0]] * 23, problems=["full"] * 7)
    assert "more" not in _text(home_view(shown))
    assert f"… and 2 {checked}" in _text(home_view(more))
    assert f"… and 3 {checked}" in _text(home_view(more))


def test_the_hourly_message_and_the_queue_hold_their_limit() -> None:
    """Loud cases and a thousand quiet interactions: below the card's limit, with as many cases as fit."""
    item = an_item("&" * 900, author=Author(id="x", name="👩‍👩‍👧‍👦" * 900))
    loud = Listed(
        a_public_case(items=(item,), claim=a_claim()), a_view(card_url=LINK + "&" * 90, network_title="&" * 99)
    )
    for drawn in (
        hourly_message(HourlyData(at=NOON, waiting_total=999, waiting=[loud] * 50, quiet=["👩‍👩‍👧‍👦" * 900] * 999)),
        queue_reply([loud] * 50, 999),
    ):
        assert check_message(drawn.blocks, drawn.text) == []
        assert size(drawn.blocks) < CARD_TOTAL
        assert "more" in _text(drawn.blocks)


@pytest.mark.parametrize(("length", "linked"), [(200, 10), (201, 0), (470, 0)])
def test_long_addresses_of_likes_take_no_room_from_who_waits(length: int, linked: int) -> None:
    """All of the first five are named, whatever those who like and follow call themselves on their network."""
    item = an_item("&" * 900, author=Author(id="x", name="👩‍👩‍👧‍👦" * 900))
    loud = Listed(a_public_case(items=(item,)), a_view(card_url=LINK + "&" * 90, network_title="&" * 99))
    liked = f"Eve liked\t{'https://square.example/':x<{length}}"
    text = _text(hourly_message(HourlyData(at=NOON, waiting_total=5, waiting=[loud] * 5, quiet=[liked] * 10)).blocks)
    assert text.count(LINK) == 5
    assert text.count("https://square.example/") == linked


def test_the_hourly_message_changes_only_when_something_did() -> None:
    """The same hour with the same cases is the same message."""
    assert hourly_message(HOURLY).digest == MESSAGES["hourly"].digest
    assert hourly_message(HourlyData(at=NOON, waiting_total=1)).text == "1 customer waits for an answer"


@pytest.mark.parametrize(
    ("since", "span"),
    [
        (NOON - timedelta(minutes=60), "in the last hour"),
        (NOON - timedelta(minutes=61), "in the last hour"),
        (NOON - timedelta(hours=2), "in the last 2 hours"),
        (NOON - timedelta(hours=72), "in the last 72 hours"),
    ],
)
def test_quiet_interactions_are_told_with_the_time_in_which_they_came(since: datetime, span: str) -> None:
    """After an outage those of many hours are told together."""
    told = hourly_message(HourlyData(at=NOON, quiet=["Eve liked"], quiet_since=since))
    assert f"1 like, repost or follow {span}" in _text(told.blocks)


def test_a_list_shows_no_private_words() -> None:
    """Of a direct message a list says who, not what."""
    assert "phone" not in case_line(CASES[2])
    assert "private" in case_line(CASES[2])


def test_the_unknown_word_is_not_echoed() -> None:
    """Whatever somebody types after /hark does not come back as markup."""
    assert "<!channel>" not in _text(help_reply("<!channel>").blocks)
    assert len(help_reply("").blocks) == len(help_reply("x").blocks) - 1


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://square.example/a?b=1&c=2#d", True),
        ("http://127.0.0.1:8080/x", True),
        ("ftp://square.example/", False),
        ("https://", False),
        ("https://[broken", False),
        ("https://square.example:99999/", False),
        ("https://user:pass@square.example/", False),
        ("https://square.example/|bank", False),
        ("https://square.example/>x", False),
        ("https://square.example/\u202egnp", False),
        ("https://square.example/" + "x" * 477, True),
        ("https://square.example/" + "x" * 478, False),
    ],
)
def test_only_plain_web_addresses_are_safe(url: str, *, safe: bool) -> None:
    """http or https, a host, no account, no markup, at most 500 characters."""
    assert safe_url(url) == (url if safe else "")


def test_a_link_is_escaped_and_falls_back_to_its_label() -> None:
    """Address and label cannot break out of the link."""
    assert link("https://a.example/?x&y", "a|<b>") == "<https://a.example/?x&amp;y|a¦&lt;b&gt;>"
    assert link("javascript:x", "a<b>") == "a&lt;b&gt;"
    assert link("https://a.example/?" + "&" * 400, "label") == "label"


def test_plain_cuts_by_reader_and_by_units() -> None:
    """At most so many graphemes, and at most four units for each, even for one endless emoji."""
    assert plain("abcdef", 6) == "abcdef"
    assert plain("abcdefg", 6) == "abcde…"
    assert units(plain("👨‍👩‍👧‍👦" * 100, 50)) <= 200
    assert units(plain("\U0001f468" + "\u200d\U0001f468" * 900, 20)) <= 80
    assert one_line(" a \n\n b\u2028c ", 9) == "a b c"


def test_a_mention_is_made_of_a_users_id_only() -> None:
    """Anything else is refused, or left out of a list."""
    assert mention("U0ANA00001") == "<@U0ANA00001>"
    assert user_ids(("U0ANA00001", "U0ANA00001", "<!here>", "", "U1> <!here")) == ("U0ANA00001",)
    with pytest.raises(ValueError, match="not a Slack user id"):
        mention("!here")
    assert is_channel("C0CARE0001")
    assert not is_channel("D0CARE0001")
