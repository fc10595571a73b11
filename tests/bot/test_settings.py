"""Settings: every variable wrong in turn, the grammar of hours and days, and that no secret is ever shown."""

from collections.abc import Mapping
from datetime import UTC, datetime, time

import pytest

from bot import accounts
from bot.domain.calendar import Span
from bot.domain.errors import SettingsError
from bot.environment import variables
from bot.settings import Settings, load
from connectors.bluesky.settings import BlueskySettings

SECRET = "hush-hush-0451"
GOOD = {
    "SLACK_BOT_TOKEN": f"xoxb-{SECRET}",
    "SLACK_APP_TOKEN": f"xapp-{SECRET}",
    "SLACK_SIGNING_SECRET": f"sign-{SECRET}",
    "SLACK_CHANNEL": "C0123ABCDEF",
    "REDIS_URL": f"redis://user:{SECRET}@localhost:6379/0",
    "HARK_METRICS_TOKEN": f"metrics-{SECRET}",
    "BLUESKY_IDENTIFIER": "acme.example.com",
    "BLUESKY_APP_PASSWORD": f"app-{SECRET}",
}

WRONG: list[tuple[str, str, str]] = [
    ("REDIS_URL", f"redis://u:{SECRET}@localhost:port/0", "redis://, rediss:// or unix://"),
    ("REDIS_URL", f"redis://u:{SECRET}@localhost:65536/0", "redis://, rediss:// or unix://"),
    ("REDIS_URL", "redis://", "redis://, rediss:// or unix://"),
    ("REDIS_URL", "http://localhost:6379", "redis://, rediss:// or unix://"),
    ("REDIS_URL", "localhost:6379", "redis://, rediss:// or unix://"),
    ("REDIS_TLS_VERIFY", "perhaps", "boolean"),
    ("PORT", "-1", "greater than or equal to 0"),
    ("PORT", "65536", "less than or equal to 65535"),
    ("PORT", "http", "integer"),
    ("SLACK_BOT_TOKEN", f"xapp-{SECRET}", "begins with xoxb-"),
    ("SLACK_APP_TOKEN", f"xoxb-{SECRET}", "begins with xapp-"),
    ("SLACK_API_URL", "slack.com/api", "https:// or http://"),
    ("SLACK_API_URL", "https://", "https:// or http://"),
    ("SLACK_API_URL", "https://slack.com:99999/", "https:// or http://"),
    ("SLACK_CHANNEL", "#care", "does not look like the example"),
    ("SLACK_CHANNEL", "C123", "does not look like the example"),
    ("SLACK_CHANNEL", "\udcff", "string"),
    ("SLACK_ALERT_USERS", "U0123ABCDEF,ana", "'ana' is not a Slack user id"),
    ("HARK_MANAGER_USERS", "C0123ABCDEF", "'C0123ABCDEF' is not a Slack user id"),
    ("HARK_ROUTES", "message", "'message' is no route; it should be like message=C"),
    ("HARK_ROUTES", "message=C0123ABCDEF,follow=C0123ABCDEF", "there are no cards for 'follow'"),
    ("HARK_ROUTES", "x=C0123ABCDEF,x:match=C0456ABCDEF", "'x:match' has no effect: 'x' before it takes all of it"),
    ("HARK_SHARDS", "0", "greater than or equal to 1"),
    ("HARK_SHARDS", "1025", "less than or equal to 1024"),
    ("HARK_SHARDS", "1.5", "integer"),
    ("HARK_ACK_TARGET_MINUTES", "0", "greater than 0"),
    ("HARK_ACK_TARGET_MINUTES", "nan", "less than or equal to"),
    ("HARK_ACK_TARGET_MINUTES", "inf", "less than or equal to"),
    ("HARK_ANSWER_TARGET_MINUTES", "44641", "less than or equal to 44640"),
    ("HARK_ANSWER_TARGET_MINUTES", "two hours", "number"),
    ("HARK_ESCALATE_AFTER_MINUTES", "-5", "greater than 0"),
    ("HARK_CLAIM_MINUTES", "5", "greater than 5"),
    ("HARK_UNDO_SECONDS", "301", "less than or equal to 300"),
    ("HARK_UNDO_SECONDS", "-1", "greater than or equal to 0"),
    ("HARK_POLL_SECONDS", "0.1", "greater than or equal to 0.2"),
    ("HARK_POLL_SECONDS", "3601", "less than or equal to 3600"),
    ("HARK_TIME_ZONE", "Atlantis", "'Atlantis' is not a time zone"),
    ("HARK_TIME_ZONE", "Europe", "'Europe' is not a time zone"),
    ("HARK_TIME_ZONE", "../../etc/passwd", "is not a time zone"),
    ("HARK_TIME_ZONE", "x" * 5000, "is not a time zone"),
    ("HARK_HOURS", "always", "does not read like"),
    ("HARK_HOLIDAYS", "2026-02-29", "'2026-02-29' is not a date"),
    ("HARK_HOLIDAYS", "2026-12-25,Easter", "'Easter' is not a date"),
    ("HARK_TEAM_LANGUAGE", "English", "does not look like the example"),
    ("HARK_PHONE_REGION", "gb", "does not look like the example"),
    ("HARK_RETENTION_DAYS", "0", "greater than or equal to 1"),
    ("HARK_RETENTION_DAYS", "3651", "less than or equal to 3650"),
    ("HARK_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ("HARK_LOG_FORMAT", "xml", "'json' or 'console'"),
]

LIMITS = [
    ("PORT", "0"),
    ("PORT", "65535"),
    ("HARK_SHARDS", "1024"),
    ("HARK_ANSWER_TARGET_MINUTES", "44640"),
    ("HARK_CLAIM_MINUTES", "5.1"),
    ("HARK_UNDO_SECONDS", "300"),
    ("HARK_POLL_SECONDS", "0.2"),
    ("HARK_RETENTION_DAYS", "3650"),
    ("HARK_RETENTION_DAYS", "1"),
    ("SLACK_CHANNEL", "G12345"),
    ("REDIS_URL", "unix:///run/redis.sock"),
    ("REDIS_URL", "rediss://h"),
]


def refusal(env: Mapping[str, str]) -> str:
    """The message with which this environment is refused."""
    with pytest.raises(SettingsError) as caught:
        accounts.settings_of(env)
    return str(caught.value)


@pytest.mark.parametrize(("name", "value", "why"), WRONG, ids=[f"{name}={value[:20]}" for name, value, _ in WRONG])
def test_a_wrong_value_is_named_with_the_reason_and_an_example(name: str, value: str, why: str) -> None:
    """One message: which variable, what is wrong with it, what it is for, and a value that works."""
    message = refusal({**GOOD, name: value})
    assert message.startswith(f"{name} is wrong: ")
    assert why in message
    assert f"Example: {name}=" in message
    assert SECRET not in message
    assert len(message) < 600


@pytest.mark.parametrize(("name", "value"), LIMITS)
def test_the_last_good_value_is_taken(name: str, value: str) -> None:
    """What stands just inside a limit is fine."""
    load({**GOOD, name: value})


def test_every_example_is_taken() -> None:
    """The example in a message works, but for secrets, whose examples only show the form."""
    for name, field in variables(Settings).items():
        assert field.examples, name
        load({**GOOD, name: str(field.examples[0])})


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_CHANNEL"])
def test_a_missing_variable_is_named_with_an_example(name: str) -> None:
    """Absent, empty and blank are the same."""
    for env in ({key: value for key, value in GOOD.items() if key != name}, {**GOOD, name: ""}, {**GOOD, name: "  "}):
        message = refusal(env)
        assert message.startswith(f"{name} is missing.")
        assert f"Example: {name}=" in message


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Nobody mends five values in five starts."""
    message = refusal({**GOOD, "PORT": "x", "SLACK_CHANNEL": "#care", "HARK_UNDO_SECONDS": "-1"})
    assert all(f"{name} is wrong" in message for name in ("PORT", "SLACK_CHANNEL", "HARK_UNDO_SECONDS"))


def test_slack_needs_one_way_in() -> None:
    """Without both the app-level token and the signing secret Slack could not reach Hark."""
    env = {key: value for key, value in GOOD.items() if key not in {"SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"}}
    message = refusal(env)
    assert "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP mode)" in message
    assert "Example: " in message
    assert load({**env, "SLACK_APP_TOKEN": "xapp-1"}).socket_mode
    assert not load({**env, "SLACK_SIGNING_SECRET": "s"}).socket_mode


def test_a_first_word_is_due_before_the_answer() -> None:
    """The other way round the first target could never matter; equal is allowed."""
    targets = {"HARK_ACK_TARGET_MINUTES": "90", "HARK_ANSWER_TARGET_MINUTES": "60"}
    assert "HARK_ACK_TARGET_MINUTES must not be longer than HARK_ANSWER_TARGET_MINUTES" in refusal(GOOD | targets)
    load({**GOOD, **targets, "HARK_ACK_TARGET_MINUTES": "60"})


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["HARK_HOUR"], "HARK_HOUR is not a setting of Hark.\n  Mend: remove HARK_HOUR, or use HARK_HOURS"),
        (["HARK_UNDO", "HARK_ZZZZZ"], "HARK_UNDO, HARK_ZZZZZ are not settings of Hark."),
        (["HARK_HOST__SUPPORT"], "HARK_HOST__SUPPORT has no effect: there is only one HARK_HOST."),
        (["SLACK_CHANNEL__SUPPORT"], "SLACK_CHANNEL__SUPPORT has no effect: there is only one SLACK_CHANNEL."),
    ],
)
def test_an_unknown_variable_of_hark_is_an_error(names: list[str], expected: str) -> None:
    """A slip of the pen in a name would otherwise be silently without effect."""
    assert expected in refusal(GOOD | dict.fromkeys(names, "1"))


def test_variables_of_others_and_of_the_tools_are_left_alone() -> None:
    """PATH and the like are none of our business."""
    assert load({**GOOD, "PATH": "/bin", "HARKEN": "1", "HARK_CHROMIUM": "/usr/bin/chromium"}) == load(GOOD)


# --- Accounts ----------------------------------------------------------------------------------------------


def test_a_second_account_has_a_suffix() -> None:
    """Each account reads its own variables; without a suffix it is the main one."""
    env = GOOD | {"BLUESKY_IDENTIFIER__SUPPORT": "support.example.com", "BLUESKY_APP_PASSWORD__SUPPORT": "pw"}
    _, found = accounts.settings_of(env | {"BLUESKY_HISTORY_HOURS__SUPPORT": "3"})
    by_name = {each.name: each.settings for each in found if each.network.name == "bluesky"}
    assert list(by_name) == ["main", "support"]
    assert by_name["main"].identifier == "acme.example.com"
    assert by_name["main"].history_hours == BlueskySettings.model_fields["history_hours"].default
    assert (by_name["support"].identifier, by_name["support"].history_hours) == ("support.example.com", 3)


def test_without_its_variables_a_network_is_off() -> None:
    """Empty ones count as none: Heroku's form sets them all."""
    env = GOOD | {"BLUESKY_IDENTIFIER": "", "BLUESKY_APP_PASSWORD": " ", "WEBHOOK_SECRET": ""}
    assert accounts.settings_of(env)[1] == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"BLUESKY_APP_PASSWORD": ""}, "BLUESKY_APP_PASSWORD is missing."),
        ({"BLUESKY_IDENTIFIER__SUPPORT": "s.example.com"}, "BLUESKY_APP_PASSWORD__SUPPORT is missing."),
        ({"BLUESKY_SEARCH__SUPPORT": "acme"}, "BLUESKY_SEARCH__SUPPORT has no effect: BLUESKY_IDENTIFIER__SUPPORT is"),
        ({"BLUESKY_IDENTIFIER__support": "s.example.com"}, "BLUESKY_IDENTIFIER__support names no account"),
        ({"BLUESKY_IDENTIFIER__MAIN": "s.example.com"}, "BLUESKY_IDENTIFIER__MAIN names no account"),
        ({"BLUESKY_IDENTIFIER__": "s.example.com"}, "BLUESKY_IDENTIFIER__ names no account"),
        ({"BLUESKY_IDENTIFIER__A/B": "s.example.com"}, "BLUESKY_IDENTIFIER__A/B names no account"),
        ({"BLUESKY_SERVICE_URL": "bsky.social"}, "BLUESKY_SERVICE_URL is wrong"),
        ({"BLUESKY_HISTORY_HOURS": "169"}, "BLUESKY_HISTORY_HOURS is wrong"),
        ({"WEBHOOK_SECRET": SECRET}, "WEBHOOK_SECRET is wrong: each secret must start with whsec_"),
    ],
)
def test_an_account_begun_but_wrong_is_refused(more: dict[str, str], expected: str) -> None:
    """A half-configured account is not silently off."""
    message = refusal(GOOD | more)
    assert message.startswith(expected)
    assert SECRET not in message


def test_what_is_wrong_with_hark_and_with_an_account_is_told_at_once() -> None:
    """Whoever sets up for the first time mends both in one go, and not one start after the other."""
    message = refusal(GOOD | {"SLACK_CHANNEL": "care", "HARK_HOURS": "always", "BLUESKY_APP_PASSWORD": ""})
    named = ("SLACK_CHANNEL is wrong", "HARK_HOURS is wrong", "BLUESKY_APP_PASSWORD is missing")
    assert [words in message for words in named] == [True] * 3
    strange = refusal(GOOD | {"HARK_HOUR": "9", "BLUESKY_APP_PASSWORD": ""})
    assert "BLUESKY_APP_PASSWORD is missing" in strange
    assert strange.endswith("Mend: remove HARK_HOUR, or use HARK_HOURS or HARK_HOST or HARK_STORMS")


# --- Hours and days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("mon 09:00-17:30", [(0, time(9), time(17, 30))]),
        ("sat-sun 00:00-24:00", [(5, time(0), time(0)), (6, time(0), time(0))]),
        ("mon 22:00-00:00", [(0, time(22), time(0))]),
        ("Fri 23:59-24:00", [(4, time(23, 59), time(0))]),
        ("sun-sun 00:00-00:01", [(6, time(0), time(0, 1))]),
        ("mon 09:00-12:00, mon 12:00-13:00", [(0, time(9), time(12)), (0, time(12), time(13))]),
    ],
)
def test_hours_read_as_spans(text: str, spans: list[tuple[int, time, time]]) -> None:
    """Days or ranges of days, minutes, midnight written either way; spans may touch."""
    calendar = load({**GOOD, "HARK_HOURS": text}).calendar
    assert calendar.spans == tuple(Span(weekday=day, opens=opens, closes=closes) for day, opens, closes in spans)


@pytest.mark.parametrize(
    "text",
    [
        "mon 09:00-09:00",
        "mon 17:00-09:00",
        "fri-mon 09:00-17:00",
        "mon 24:00-24:00",
        "mon 23:00-24:01",
        "mon 09:00-25:00",
        "mon 09:60-10:00",
        "mon 9:00-17:00",
        "mon\N{NO-BREAK SPACE}09:00-17:00",
        "mon \N{ARABIC-INDIC DIGIT ZERO}9:00-17:00",
        "moo 09:00-17:00",
        "mon-fri",
        "09:00-17:00",
        "mon 09:00-12:00,mon 11:59-13:00",
        "mon-wed 09:00-24:00,tue 00:00-09:01",
    ],
)
def test_hours_that_cannot_be_are_refused(text: str) -> None:
    """An end before its beginning, times that no clock shows, days that no week has, spans that overlap."""
    assert refusal({**GOOD, "HARK_HOURS": text}).startswith("HARK_HOURS is wrong: ")


def test_the_calendar_knows_zone_hours_and_holidays() -> None:
    """The first minute is open, the last one is not, a holiday is closed, and the zone is the desk's."""
    env = {"HARK_TIME_ZONE": "Europe/Zagreb", "HARK_HOURS": "mon-fri 09:00-17:00", "HARK_HOLIDAYS": "2026-12-25"}
    calendar = load(GOOD | env).calendar
    assert not calendar.is_open(datetime(2026, 12, 24, 7, 59, tzinfo=UTC))
    assert calendar.is_open(datetime(2026, 12, 24, 8, 0, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 12, 24, 16, 0, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 12, 25, 10, 0, tzinfo=UTC))


# --- Secrets -----------------------------------------------------------------------------------------------


def test_no_secret_is_in_a_repr() -> None:
    """Neither the model nor an account shows one, the password in REDIS_URL included."""
    settings, found = accounts.settings_of(GOOD)
    assert SECRET not in repr(settings) + str(settings) + repr(found)
    assert settings.redis_url is not None
    assert SECRET in settings.redis_url


def test_the_error_drags_no_value_along() -> None:
    """The cause would hold every value that was given, secrets among them: it is cut off."""
    with pytest.raises(SettingsError) as caught:
        load({**GOOD, "SLACK_BOT_TOKEN": SECRET})
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert SECRET not in str(caught.value.__context__)


def test_whatever_is_written_to_is_named_with_its_variable() -> None:
    """A place that stands in two variables is named by the first; all of them are there, the channel first."""
    env = GOOD | {
        "HARK_ROUTES": "message=C0789PRIVAT U0DDDDDD U0BBBBBB,bluesky=C0123ABCDEF",
        "HARK_OPS_CHANNEL": "C0456OPSABC",
        "SLACK_ALERT_USERS": "U0AAAAAA,U0BBBBBB",
        "HARK_MANAGER_USERS": "U0BBBBBB,U0CCCCCC",
    }
    assert list(accounts.settings_of(env)[0].places.items()) == [
        ("C0123ABCDEF", "SLACK_CHANNEL"),
        ("C0789PRIVAT", "HARK_ROUTES"),
        ("C0456OPSABC", "HARK_OPS_CHANNEL"),
        ("U0AAAAAA", "SLACK_ALERT_USERS"),
        ("U0BBBBBB", "SLACK_ALERT_USERS"),
        ("U0CCCCCC", "HARK_MANAGER_USERS"),
        ("U0DDDDDD", "HARK_ROUTES"),
    ]
    same = accounts.settings_of(GOOD | {"HARK_OPS_CHANNEL": GOOD["SLACK_CHANNEL"]})[0].places
    assert same == {"C0123ABCDEF": "SLACK_CHANNEL"}


@pytest.mark.parametrize("route", ["facebook", "bluesky/support", "blue:match"])
def test_a_route_of_an_account_that_is_not_set_up_is_refused(route: str) -> None:
    """It would be without effect, and nobody would hear of it; the accounts that there are stand in the mend."""
    with pytest.raises(SettingsError, match=f"HARK_ROUTES has no effect for {route}") as error:
        accounts.settings_of(GOOD | {"HARK_ROUTES": f"message=C0456OPSABC,{route}=C0456OPSABC"})
    assert "bluesky/main" in error.value.mend


def test_routes_of_kinds_and_of_accounts_that_are_set_up_are_taken() -> None:
    """Also where no account is set up yet."""
    named = {"HARK_ROUTES": "bluesky/main:match=C0456OPSABC,review=C0456OPSABC"}
    assert len(accounts.settings_of(GOOD | named)[0].policy.routes) == 2
    bare = {name: value for name, value in GOOD.items() if not name.startswith("BLUESKY")}
    assert accounts.settings_of(bare | {"HARK_ROUTES": "review=C0456OPSABC"})[0].policy.routes
