"""Hark's own settings: one frozen model, read from the environment once. Each network adds its own in its folder."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from bot.domain.calendar import Calendar, opening_hours
from bot.domain.errors import SettingsError
from bot.domain.policy import Policy
from bot.domain.routing import CHANNEL, PERSON, Route, read_routes
from bot.environment import read, variables

SLACK_API = "https://slack.com/api/"
MONTH_MINUTES = 31 * 24 * 60


def _comma_list(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Commas = Annotated[tuple[str, ...], BeforeValidator(_comma_list)]
Routes = Annotated[tuple[Route, ...], BeforeValidator(read_routes), BeforeValidator(_comma_list)]
ChannelId = Annotated[str, Field(pattern=f"^{CHANNEL}$")]
Minutes = Annotated[float, Field(gt=0, le=MONTH_MINUTES)]


class Settings(BaseModel):
    """Everything that the environment says about Hark itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    redis_url: str | None = Field(
        None,
        alias="REDIS_URL",
        repr=False,  # it may hold a password
        description="The Redis 7 or newer to use; without it Hark starts a server of its own beside it",
        examples=["redis://localhost:6379/0"],
    )
    redis_tls_verify: bool = Field(
        True,
        alias="REDIS_TLS_VERIFY",
        description="Whether a rediss:// server must show a certificate that this machine trusts (Heroku's does not)",
        examples=["false"],
    )
    port: int = Field(3000, alias="PORT", ge=0, le=65535, description="The port of the web server", examples=["3000"])
    worker_port: int | None = Field(
        None,
        alias="HARK_WORKER_PORT",
        ge=0,
        le=65535,
        description="A port at which `python -m bot worker` shows /healthz, /readyz and /metrics; without it, none. "
        "Each worker of a machine needs its own (0: any free one, which the log names)",
        examples=["9100"],
    )
    host: str = Field(
        "127.0.0.1",
        alias="HARK_HOST",
        description="The address that the web server binds to; 0.0.0.0 behind a router such as Heroku's",
        examples=["0.0.0.0"],  # noqa: S104 - an example for platforms that route to all interfaces
    )
    slack_bot_token: SecretStr = Field(
        alias="SLACK_BOT_TOKEN", description="The bot token of your Slack app", examples=["xoxb-..."]
    )
    slack_app_token: SecretStr | None = Field(
        None,
        alias="SLACK_APP_TOKEN",
        description="The app-level token with connections:write; with it, Hark uses Socket Mode and needs no address",
        examples=["xapp-1-..."],
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        alias="SLACK_SIGNING_SECRET",
        description="The signing secret of your Slack app, for HTTP mode",
        examples=["8f742231b10e8888abcd99yyyzzz85a5"],
    )
    slack_api_url: str = Field(
        SLACK_API, alias="SLACK_API_URL", description="Where Slack's Web API is", examples=[SLACK_API]
    )
    slack_channel: ChannelId = Field(
        alias="SLACK_CHANNEL",
        description="The id (not the name) of the channel where cards go",
        examples=["C0123ABCDEF"],
    )
    routes: Routes = Field(
        (),
        alias="HARK_ROUTES",
        description="Which cards go to other channels, and who is on call for these; the first that fits counts",
        examples=["message=C0123ABCDEF,webhook/reviews=C0456GHIJKL U0123ABCDEF"],
    )
    ops_channel: ChannelId | None = Field(
        None,
        alias="HARK_OPS_CHANNEL",
        description="The id of the channel where Hark says what is wrong with itself; without it, SLACK_CHANNEL",
        examples=["C0456OPSABC"],
    )
    slack_alert_users: Commas = Field(
        (),
        alias="SLACK_ALERT_USERS",
        description="The Slack user ids of the people on call, separated by commas",
        examples=["U0123ABCDEF,U0456GHIJKL"],
    )
    manager_users: Commas = Field(
        (),
        alias="HARK_MANAGER_USERS",
        description="The Slack user ids of managers: escalations reach them; they may release or give away any claim",
        examples=["U0789MNOPQR"],
    )
    data_dir: Path = Field(
        Path(".hark"),
        alias="HARK_DATA_DIR",
        description="Where the server that Hark starts keeps its data",
        examples=["/var/lib/hark"],
    )
    fsync: Literal["always", "everysec"] = Field(
        "always",
        alias="HARK_FSYNC",
        description="When the server that Hark starts writes to the disk: always (before a delivery is answered) or "
        "everysec (faster; a crash may cost the last seconds)",
        examples=["always"],
    )
    shards: int = Field(
        1,
        alias="HARK_SHARDS",
        ge=1,
        le=1024,
        description="Over how many hash tags the keys are spread, for Redis Cluster; fixed once there is data",
        examples=["16"],
    )
    ack_target_minutes: Minutes = Field(
        60,
        alias="HARK_ACK_TARGET_MINUTES",
        description="How soon a customer hears a first human word",
        examples=["60"],
    )
    answer_target_minutes: Minutes = Field(
        120,
        alias="HARK_ANSWER_TARGET_MINUTES",
        description="How soon a customer has an answer",
        examples=["120"],
    )
    escalate_after_minutes: Minutes = Field(
        30,
        alias="HARK_ESCALATE_AFTER_MINUTES",
        description="How long after a missed answer the channel and the managers are told",
        examples=["30"],
    )
    claim_minutes: float = Field(
        30,
        alias="HARK_CLAIM_MINUTES",
        gt=5,
        le=MONTH_MINUTES,
        description="How long a claim holds without activity; its holder is asked five minutes before the end",
        examples=["30"],
    )
    undo_seconds: float = Field(
        15, alias="HARK_UNDO_SECONDS", ge=0, le=300, description="How long a send can be taken back", examples=["15"]
    )
    poll_seconds: float = Field(
        20,
        alias="HARK_POLL_SECONDS",
        ge=0.2,
        le=3600,
        description="The seconds between two polls of a network without webhooks; searches and sweeps of every network "
        "are slower in proportion (see its page)",
        examples=["20"],
    )
    time_zone: str = Field(
        "UTC",
        alias="HARK_TIME_ZONE",
        description="The time zone of the desk, by its IANA name",
        examples=["Europe/Zagreb"],
    )
    hours: Commas = Field(
        (),
        alias="HARK_HOURS",
        description="When the desk is open; several spans a day are possible; without it, always but on holidays",
        examples=["mon-fri 09:00-12:30,mon-fri 13:00-17:30,sat 10:00-14:00"],
    )
    holidays: Commas = Field(
        (),
        alias="HARK_HOLIDAYS",
        description="Days on which the desk is closed; once all are over, check and App Home ask for new ones",
        examples=["2026-12-25,2027-01-01"],
    )
    contact: str = Field(
        "",
        alias="HARK_CONTACT",
        description="The private ways to reach your company, offered when a network has no private messages",
        examples=["care@acme.example or +44 20 7946 0000"],
    )
    own_contacts: Commas = Field(
        (),
        alias="HARK_OWN_CONTACTS",
        description="Your company's own e-mail addresses, domains and phone numbers, which are never masked",
        examples=["acme.example,care@acme.example,+44 20 7946 0000"],
    )
    team_language: str = Field(
        "en",
        alias="HARK_TEAM_LANGUAGE",
        pattern=r"^[a-z]{2,3}$",
        description="The language that needs no mention on a card",
        examples=["en"],
    )
    phone_region: str = Field(
        "US",
        alias="HARK_PHONE_REGION",
        pattern=r"^[A-Z]{2}$",
        description="The country whose phone numbers may stand without a country code",
        examples=["GB"],
    )
    storms: bool = Field(
        True,
        alias="HARK_STORMS",
        description="Whether one growing card stands for what comes in faster than a channel can show (complaints and "
        "urgent ones keep their own), and alerts ring a phone at most once in five minutes",
        examples=["false"],
    )
    retention_days: int = Field(
        90, alias="HARK_RETENTION_DAYS", ge=1, le=3650, description="How long a closed case is kept", examples=["90"]
    )
    metrics_token: SecretStr | None = Field(
        None,
        alias="HARK_METRICS_TOKEN",
        description="The bearer token for /metrics; without it, only this machine may read them",
        examples=["a-long-random-word"],
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="HARK_LOG_LEVEL", description="How much is logged", examples=["info"]
    )
    log_format: Literal["json", "console"] = Field(
        "json",
        alias="HARK_LOG_FORMAT",
        description="One JSON object a line, or lines for a person",
        examples=["console"],
    )

    @field_validator("slack_bot_token")
    @classmethod
    def _bot_token(cls, value: SecretStr) -> SecretStr:
        return _prefixed(value, "xoxb-", "a bot token")

    @field_validator("slack_app_token")
    @classmethod
    def _app_token(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else _prefixed(value, "xapp-", "an app-level token")

    @field_validator("slack_api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        if not _has_host(value, "https", "http"):
            raise ValueError("it must be an address that begins with https:// or http://")
        return value.rstrip("/") + "/"

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("unix://") and not _has_host(value, "redis", "rediss"):
            raise ValueError("it must be an address that begins with redis://, rediss:// or unix://")
        return value

    @field_validator("slack_alert_users", "manager_users")
    @classmethod
    def _user_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [user for user in value if not re.fullmatch(PERSON, user)]
        if wrong:
            raise ValueError(f"{wrong[0][:60]!r} is not a Slack user id (they begin with U or W)")
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder, "Europe"
            raise ValueError(f"{value[:60]!r} is not a time zone") from error
        return value

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        opening_hours(value)
        return value

    @field_validator("holidays")
    @classmethod
    def _holidays(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                date.fromisoformat(text)
            except ValueError as error:
                raise ValueError(f"{text[:60]!r} is not a date like 2026-12-25") from error
        return value

    @model_validator(mode="after")
    def _one_way_to_slack(self) -> "Settings":
        if self.slack_app_token is None and self.slack_signing_secret is None:
            raise ValueError(
                "Slack cannot reach Hark: set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP mode). "
                "Example: SLACK_APP_TOKEN=xapp-1-..."
            )
        if self.ack_target_minutes > self.answer_target_minutes:
            raise ValueError(
                "HARK_ACK_TARGET_MINUTES must not be longer than HARK_ANSWER_TARGET_MINUTES. Example: 60 and 120"
            )
        return self

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is reached over a socket (an app-level token is set) instead of HTTP."""
        return self.slack_app_token is not None

    @property
    def calendar(self) -> Calendar:
        """The opening hours of the desk."""
        closed = tuple(date.fromisoformat(day) for day in self.holidays)
        return Calendar(zone=self.time_zone, spans=opening_hours(self.hours), closed=closed)

    @property
    def places(self) -> dict[str, str]:
        """Every channel and person that Hark writes to, with the variable that names it first."""
        policy, found = self.policy, dict[str, str]()
        for name, places in (
            ("SLACK_CHANNEL", (policy.channel,)),
            ("HARK_ROUTES", policy.channels),
            ("HARK_OPS_CHANNEL", (self.ops_channel or policy.channel,)),
            ("SLACK_ALERT_USERS", policy.alert_users),
            ("HARK_MANAGER_USERS", policy.manager_users),
            ("HARK_ROUTES", policy.people),
        ):
            for place in places:
                found.setdefault(place, name)
        return found

    @property
    def notice_places(self) -> tuple[str, ...]:
        """Where notices go: the first of these that Slack lets Hark write to."""
        own = (self.ops_channel,) if self.ops_channel else ()
        return (*own, self.slack_channel, *self.slack_alert_users, *self.manager_users)

    @property
    def card_fallbacks(self) -> tuple[tuple[str, ...], ...]:
        """Where a card goes that Slack does not take in its channel: the main channel, else the people on call."""
        return (self.slack_channel,), (*self.slack_alert_users, *self.manager_users)

    @property
    def policy(self) -> Policy:
        """The promises and habits that these settings describe."""
        return Policy(
            channel=self.slack_channel,
            routes=self.routes,
            calendar=self.calendar,
            ack_target=timedelta(minutes=self.ack_target_minutes),
            answer_target=timedelta(minutes=self.answer_target_minutes),
            escalate_after=timedelta(minutes=self.escalate_after_minutes),
            claim_lease=timedelta(minutes=self.claim_minutes),
            undo=timedelta(seconds=self.undo_seconds),
            alert_users=self.slack_alert_users,
            manager_users=self.manager_users,
            contact=self.contact,
        )


def load(env: Mapping[str, str]) -> Settings:
    """The settings of this environment. Raises SettingsError with every problem named, unknown HARK_ names included."""
    known = variables(Settings)
    strange = sorted(name for name in env if name.startswith("HARK_") and name not in known and name not in TOOLING)
    if strange:
        ours = sorted(name for name in known if name.startswith("HARK_"))
        near = [match for name in strange for match in get_close_matches(name, ours)] or ours
        are = "is not a setting" if len(strange) == 1 else "are not settings"
        raise SettingsError(
            f"{', '.join(strange)} {are} of Hark.", f"remove {', '.join(strange)}, or use {' or '.join(near)}"
        )
    return read(Settings, env)


TOOLING = frozenset({"HARK_CHROMIUM", "HARK_REQUIRE_BROWSER", "HARK_UPDATE_SNAPSHOTS"})
"""Variables of the development tools; the service ignores them."""


def _prefixed(value: SecretStr, prefix: str, what: str) -> SecretStr:
    if not value.get_secret_value().startswith(prefix):
        raise ValueError(f"{what} begins with {prefix}")
    return value


def _has_host(address: str, *schemes: str) -> bool:
    """Whether an address has one of the schemes, a host, and a port that can be one."""
    try:
        parts = urlsplit(address)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", address)
    except ValueError:
        return False
