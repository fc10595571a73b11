"""Logs and metrics. Nothing secret and nothing private leaves through either: every line passes `redact`."""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from pydantic import SecretStr

HIDDEN = "[hidden]"
SECRET_WORDS = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|whsec_[\w+/=]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|Bearer\s+\S+|(?<=://)[^\s/]+@"
    r"|(?<![a-z])(?:access_token|refresh_token|input_token|client_secret|appsecret_proof)=[^&\s\"']+",
    re.IGNORECASE,
)
SECRET_FIELDS = re.compile(r"token|secret|password|authorization|cookie|jwt", re.IGNORECASE)
LONGEST, MARGIN = 20_000, 400
"""Of a longer text no more is logged, since looking for what to hide takes 10 µs a sign; and not what stands at the end
of that, for the cut may have gone through a number."""
STEERING = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What begins a line, moves a terminal's cursor or turns a line's direction."""
Masker = Callable[[str], str]
Processor = Callable[[Any, str, Any], Any]


class Metrics:
    """Everything that /metrics shows. docs/metrics.md explains each; a test compares the two."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._about_hark()
        self.carded = Histogram(
            "hark_card_lag_seconds",
            "From the customer's post to the card in Slack",
            ["network"],
            registry=self.registry,
            buckets=(0.5, 1, 2, 5, 15, 60, 300, 1800, 7200),
        )
        self.received = Counter(
            "hark_interactions_total",
            "Interactions by network and outcome (new, known, echo, digest, edited, deleted, unknown, malformed)",
            ["network", "outcome"],
            registry=self.registry,
        )
        self.webhooks = Counter(
            "hark_webhooks_total",
            "Webhook requests by network and answer",
            ["network", "status"],
            registry=self.registry,
        )
        self.sends = Counter(
            "hark_sends_total", "Sends by network and state reached", ["network", "state"], registry=self.registry
        )
        self.slack_calls = Counter(
            "hark_slack_calls_total",
            "Slack Web API calls by method and answer",
            ["method", "answer"],
            registry=self.registry,
        )
        self.draws = Counter(
            "hark_draws_total",
            "Card draws by outcome (posted, updated, equal, waited, held, refused, plain, taken_away)",
            ["outcome"],
            registry=self.registry,
        )
        self.polls = Counter(
            "hark_polls_total",
            "Polls by network and answer (new, quiet, failed)",
            ["network", "answer"],
            registry=self.registry,
        )
        self.failures = Counter(
            "hark_failures_total",
            "Steps of a worker that failed and will be tried again",
            ["step"],
            registry=self.registry,
        )
        self.storms = Gauge("hark_storms", "Channels in which a storm holds", registry=self.registry)
        self.folded = Counter("hark_folded_total", "First cards held back", ["into"], registry=self.registry)
        self.rings = Counter("hark_rings_total", "Calls by how (rung, gathered)", ["how"], registry=self.registry)
        self.depth = Gauge("hark_queue_depth", "Entries waiting, by queue", ["queue"], registry=self.registry)

    def _about_hark(self) -> None:
        """What Hark says about itself."""
        self.case_calls = Histogram(
            "hark_case_calls",
            "Slack calls that a case took until it was closed, those of a press's response_url left out",
            ["method"],
            registry=self.registry,
            buckets=(1, 2, 3, 4, 6, 8, 12, 20),
        )
        self.drift = Counter(
            "hark_schema_drift_total",
            "Things a network sent that Hark does not know (unknown_event, malformed, new_field)",
            ["network", "kind"],
            registry=self.registry,
        )
        self.dead = Gauge(
            "hark_dead_letters",
            "Dead letters that wait, and that went without having been replayed",
            ["state"],
            registry=self.registry,
        )

    def case_closed(self, calls: Mapping[str, int]) -> None:
        """A case was closed after so many calls by method; `all` is their sum."""
        for method, count in {**calls, "all": sum(calls.values())}.items():
            self.case_calls.labels(method).observe(count)


def redactor(secrets: Iterable[SecretStr | None], mask: Masker) -> Processor:
    """A log step that hides secrets by value, by look and by field name, and masks personal data in every text."""
    values = sorted({each.get_secret_value() for each in secrets if each is not None}, key=len, reverse=True)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in values:
                value = value.replace(secret, HIDDEN)
            hidden = mask(SECRET_WORDS.sub(HIDDEN, value[:LONGEST]))
            return hidden if len(value) <= LONGEST else f"{hidden[:-MARGIN]}…"
        if isinstance(value, dict):
            return {key: HIDDEN if SECRET_FIELDS.search(str(key)) else clean(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [clean(each) for each in value]
        return value if isinstance(value, (int, float, bool, type(None))) else clean(str(value))

    def redact(_logger: Any, _method: str, event: Any) -> Any:
        return {key: HIDDEN if SECRET_FIELDS.search(key) else clean(value) for key, value in event.items()}

    return redact


def configure_logging(level: str, form: str, redact: Processor) -> None:
    """Send structlog and the standard library's loggers through the same steps to stderr, one line each."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    plain: list[Processor] = [_in_one_line, structlog.dev.ConsoleRenderer(colors=False)]
    last = [structlog.processors.JSONRenderer()] if form == "json" else plain
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[_bare, structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, *last],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("slack_bolt", "slack_sdk", "aiohttp.access", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING if level != "debug" else logging.DEBUG)


def _bare(_logger: Any, _method: str, event: Any) -> Any:
    """Drop what a foreign library may have attached besides its message."""
    event.pop("stack_info", None)
    return event


def _in_one_line(_logger: Any, _method: str, event: Any) -> Any:
    """An event for a terminal: nothing in it can pass for a line of its own. Those of a trace are indented."""
    flat = {_shown(str(key)): _shown(value) if isinstance(value, str) else value for key, value in event.items()}
    if isinstance(event.get("exception"), str):
        flat["exception"] = "\n".join(f"  {_shown(line)}" for line in event["exception"].split("\n"))
    return flat


def _shown(text: str) -> str:
    """A text whose signs for a terminal are written out."""
    return STEERING.sub(lambda sign: repr(sign[0])[1:-1], text)
