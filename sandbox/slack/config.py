"""Every setting of the local Slack in one frozen object; the defaults are as strict as the real one."""

from dataclasses import dataclass
from pathlib import Path

# What manifest.yaml asks for, so that the demo lacks no less than a real workspace would (tests/contracts).
BOT_SCOPES = ("chat:write", "commands", "users:read", "im:write", "im:history", "channels:history", "groups:history")
BOT_EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")


@dataclass(frozen=True)
class SandboxConfig:
    """Identity, rights, limits and deadlines of the local Slack.

    Durations are seconds, sizes are characters. Sources: Slack's rate limit, interactivity, Events API and
    Socket Mode pages. Slack does not publish its burst sizes: `tier_burst` and `post_burst` are our choice. `org_wide`:
    the app is installed for the whole organisation, and payloads name no workspace
    (https://github.com/slackapi/bolt-python/pull/23).
    """

    team_id: str = "T01ACME7Q2X"
    team_name: str = "Acme"
    team_domain: str = "acme"
    organisation_id: str = ""
    org_wide: bool = False
    app_id: str = "A01HARK9S4K"
    bot_id: str = "B01HARK6D2P"
    bot_user_id: str = "U01HARK3BOT"
    bot_token: str = "xoxb-sandbox-hark"  # noqa: S105 - an invented token
    app_token: str = "xapp-sandbox-hark"  # noqa: S105 - the same
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105 - the same
    verification_token: str = "sandbox-verification"  # noqa: S105 - the same
    bot_scopes: tuple[str, ...] = BOT_SCOPES
    app_scopes: tuple[str, ...] = ("connections:write",)
    bot_events: tuple[str, ...] = BOT_EVENTS
    commands: tuple[str, ...] = ("/hark",)
    home_tab: bool = True
    messages_tab: bool = True

    rate_limits: bool = True
    rate_scale: float = 1.0
    """Multiplies every rate: 10 allows ten times as many calls."""
    tier_burst: float = 0.4
    """The part of a minute's calls that may come at once."""
    post_burst: int = 5

    ack_deadline_s: float = 3.0
    trigger_life_s: float = 3.0
    response_url_uses: int = 5
    response_url_life_s: float = 1800.0
    deliver_stale_presses: bool = False
    """Deliver a press on an element that the message no longer has (as a slow screen would); else refuse it."""

    events_url: str | None = None
    """Set: HTTP mode. Unset: Socket Mode."""
    http_retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0)

    max_sockets: int = 10
    ticket_life_s: float = 30.0
    socket_retries: int = 3
    socket_warning_s: float = 10.0
    socket_life_s: float | None = None
    """How long a socket lives before Slack asks for a new one; None: until told."""
    socket_heartbeat_s: float = 30.0
    hold_events_s: float = 300.0
    """How long events wait for a socket when none is up."""
    hold_events_max: int = 10_000

    page_messages: int = 300
    """How many of a conversation's newest messages the page is given."""
    log_size: int = 50_000

    data_file: Path | None = None
    """Where messages, direct conversations, read marks and Home views are kept over restarts; None: in memory."""

    @property
    def team_url(self) -> str:
        """The workspace's address, as auth.test gives it."""
        return f"https://{self.team_domain}.slack.com/"

    @property
    def http_mode(self) -> bool:
        """Whether events go to a URL rather than to sockets."""
        return self.events_url is not None
