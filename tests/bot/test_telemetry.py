"""Logs through the pipeline that production uses: nothing secret and nothing private comes out, in either form."""

import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from time import process_time
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from bot.domain.text.privacy import mask
from bot.secrecy import allow_list
from bot.settings import load
from bot.telemetry import HIDDEN, LONGEST, Metrics, configure_logging, redactor

SECRET = "hush-hush-0451"
LONGER = "hush-hush-0451-and-more"
EMAIL = "carla.rossi@example.com"
PHONE = "+44 20 7946 0958"
CARD = "4111 1111 1111 1111"

SETTINGS = load(
    {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_CHANNEL": "C0123ABCDEF",
        "HARK_OWN_CONTACTS": "acme.example",
    }
)


class Lines:
    """What was logged, read anew at each look."""

    def __init__(self, output: io.StringIO) -> None:
        self._output = output

    @property
    def text(self) -> str:
        """All of it."""
        return self._output.getvalue()

    @property
    def last(self) -> dict[str, Any]:
        """The last line as JSON."""
        read: dict[str, Any] = json.loads(self.text.splitlines()[-1])
        return read


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lines]]:
    """Set logging up as production does, on an error output that can be read; everything is put back afterwards."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    levels = {name: logging.getLogger(name).level for name in (None, "slack_bolt", "slack_sdk", "aiohttp.access")}

    def set_up(form: str = "json", level: str = "info") -> Lines:
        output = io.StringIO()
        monkeypatch.setattr(sys, "stderr", output)
        allow = allow_list(SETTINGS)
        redact = redactor([SecretStr(SECRET), None, SecretStr(LONGER)], lambda text: mask(text, allow).text)
        configure_logging(level, form, redact)
        return Lines(output)

    kept = structlog.get_config()
    yield set_up
    structlog.configure(**kept)
    root.handlers[:] = before
    for name, number in levels.items():
        logging.getLogger(name).setLevel(number)


SECRETS = [
    (SECRET, SECRET),
    (LONGER, "and-more"),
    ("xoxb-12345-67890-AbCdEf", "12345"),
    ("xoxp-1-2-3-abc", "3-abc"),
    ("XOXB-1-2", "B-1-2"),
    ("xapp-1-A0-9-f00", "A0-9"),
    ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", "MfKQ9r8G"),
    ("eyJhbGciOiJFUzI1NksifQ.eyJzY29wZSI6ImNvbSJ9.c2lnbmF0dXJl", "c2lnbmF0"),
    ("Bearer open.sesame-123", "sesame"),
    ("bearer opensesame", "sesame"),
    ("redis://user:pass-0451@cache.example.com:6379/0", "0451"),
    ("redis://:p@ss-0451@cache.example.com:6379/0", "0451"),
    ("https://graph.example.com/v1/me?access_token=EAAB0451&fields=id", "0451"),
    ("grant_type=refresh_token&refresh_token=0451abc", "0451"),
]


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(("secret", "core"), SECRETS)
def test_a_secret_never_comes_out(lines: Callable[..., Lines], form: str, secret: str, core: str) -> None:
    """In the message, in a field, deep inside a field, in an exception and through a foreign logger."""
    out = lines(form)
    log = structlog.get_logger("hark.test")
    log.info(f"calling with {secret} now")  # noqa: G004 - a text with a secret in it
    log.info("calling", url=f"https://example.com/?key={secret}", nested={"deep": [{"er": (secret, 1)}]})
    log.info("calling", thing=Thing(secret), raw=secret.encode())
    try:
        raise ValueError(f"refused: {secret}")  # noqa: TRY301 - the trace is what is tested
    except ValueError:
        log.exception("failed")
        logging.getLogger("some.library").exception("failed %s", secret)
    logging.getLogger("some.library").warning("with %s and %r", secret, {"x": secret})
    assert core not in out.text
    assert out.text.count(HIDDEN) >= 7


class Thing:
    """Something that shows what it holds."""

    def __init__(self, held: str) -> None:
        self.held = held

    def __repr__(self) -> str:
        return f"Thing({self.held})"


@pytest.mark.parametrize(
    "name", ["password", "app_token", "Authorization", "set-cookie", "accessJwt", "webhook_secret", "TOKEN"]
)
def test_a_field_with_a_telling_name_is_hidden(lines: Callable[..., Lines], name: str) -> None:
    """Whatever stands in it, at the top and inside other fields."""
    out = lines()
    structlog.get_logger("hark.test").info("signing in", **{name: "opensesame"}, inner={name: ["opensesame"]})
    assert "opensesame" not in out.text
    assert out.last[name] == HIDDEN
    assert out.last["inner"] == {name: HIDDEN}


def test_personal_data_is_masked(lines: Callable[..., Lines]) -> None:
    """E-mail, phone and card numbers of customers; the company's own address stays readable."""
    out = lines()
    log = structlog.get_logger("hark.test")
    log.warning(f"could not read: write to {EMAIL} or {PHONE}", words=[f"my card {CARD}"], ours="care@acme.example")  # noqa: G004 - a text with a secret in it
    logging.getLogger("some.library").error("customer %s", EMAIL)
    assert EMAIL not in out.text
    assert "7946" not in out.text
    assert "4111" not in out.text
    assert "care@acme.example" in out.text


@pytest.mark.parametrize("said", ["eyJ", "0 0 "])
def test_a_long_text_costs_little_and_is_cut_where_nothing_is_torn(lines: Callable[..., Lines], said: str) -> None:
    """A key that a network made up stands in an error, and all of it was searched: the worker did nothing else."""
    out, began = lines(), process_time()
    structlog.get_logger("hark").error("delivery buried", error=(said * 400_000)[:400_000])
    assert process_time() - began < 2
    for before in range(LONGEST - len(EMAIL), LONGEST):
        structlog.get_logger("hark").error("delivery buried", error=f"{' ' * before}{EMAIL} and more")
    assert "rossi" not in out.text


def test_what_helps_is_kept(lines: Callable[..., Lines]) -> None:
    """One JSON object a line with time, level, logger and plain values; ids and numbers are as they were."""
    out = lines()
    structlog.get_logger("hark.cards").info(
        "drawn", case="bluesky:main:at://did:plc:abc/app.bsky.feed.post/3l", ts="1763728000.123456", count=3, fine=True
    )
    assert len(out.text.splitlines()) == 1
    read = out.last
    moment = datetime.fromisoformat(read.pop("timestamp"))
    assert moment.utcoffset() is not None
    assert read == {
        "event": "drawn",
        "level": "info",
        "logger": "hark.cards",
        "case": "bluesky:main:at://did:plc:abc/app.bsky.feed.post/3l",
        "ts": "1763728000.123456",
        "count": 3,
        "fine": True,
    }


def test_an_exception_stays_one_line_of_json(lines: Callable[..., Lines]) -> None:
    """The trace is a field, for our own errors and for those of libraries; its cause is there too."""
    out = lines()
    try:
        try:
            raise OSError("no route")  # noqa: TRY301 - the trace is what is tested
        except OSError as error:
            raise RuntimeError("cannot call") from error
    except RuntimeError:
        structlog.get_logger("hark.test").exception("failed")
        logging.getLogger("some.library").exception("failed as well")
    ours, foreign = (json.loads(line) for line in out.text.splitlines())
    for line in (ours, foreign):
        assert "no route" in line["exception"]
        assert "cannot call" in line["exception"]
    assert foreign["logger"] == "some.library"
    assert foreign["level"] == "error"


def test_a_customers_line_break_cannot_forge_a_log_line(lines: Callable[..., Lines]) -> None:
    """In JSON a line break in a value is escaped."""
    out = lines()
    structlog.get_logger("hark.test").info("received", text='hi\n{"level": "critical"}')
    assert len(out.text.splitlines()) == 1


def test_nothing_foreign_steers_a_terminal(lines: Callable[..., Lines]) -> None:
    """In the console form no line break begins a line in the message, in a field or its name, and none in a trace
    begins at the edge; the signs that move a cursor or turn a line are written out."""
    out, evil = lines("console"), "x\n2026-11-23 [error] forged\x1b[2J\r\u202e\u2028\x9b"
    structlog.get_logger("hark.test").info("received", text=evil, inner={"deep": [evil]}, **{evil: 1})
    logging.getLogger("some.library").warning("with %s", evil)
    try:
        raise ValueError(evil)  # noqa: TRY301 - the trace is what is tested
    except ValueError:
        structlog.get_logger("hark.test").exception("failed")
    shown = out.text.splitlines()
    assert not [line for line in shown if line.startswith(("2026-11-23 [error]", "[error]"))]
    assert sum(line[:1].isdigit() for line in shown) == 3
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]", out.text)
    assert "ValueError: x" in out.text


def test_the_console_form_reads_as_words(lines: Callable[..., Lines]) -> None:
    """For people: the message and key=value, without colours."""
    out = lines("console")
    structlog.get_logger("hark.test").info("listening", port=3000)
    assert "listening" in out.text
    assert "port=3000" in out.text
    assert "\x1b" not in out.text


def test_the_level_holds_and_libraries_are_quiet(lines: Callable[..., Lines]) -> None:
    """Below the level nothing comes out; the chatter of Slack's libraries only with debug."""
    out = lines()
    structlog.get_logger("hark.test").debug("too fine")
    logging.getLogger("slack_bolt").info("chatter")
    logging.getLogger("slack_sdk.socket_mode").info("chatter")
    assert out.text == ""
    out = lines(level="debug")
    structlog.get_logger("hark.test").debug("fine enough")
    assert "fine enough" in out.text


def test_two_instances_of_metrics_do_not_meet() -> None:
    """Nothing is registered globally, so two services can live in one process."""
    one, other = Metrics(), Metrics()
    one.polls.labels("bluesky", "new").inc()
    assert other.registry.get_sample_value("hark_polls_total", {"network": "bluesky", "answer": "new"}) is None
