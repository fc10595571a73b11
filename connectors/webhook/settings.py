"""What one webhook account is told by the environment."""

import re
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from connectors.base import AccountSettings
from connectors.fields import Secrets, listed
from connectors.guard import literal
from connectors.webhook.signing import decode_secret

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_-]{1,63})*")


class WebhookSettings(AccountSettings):
    """One door: its secrets, its name, and where answers may go."""

    required: ClassVar[tuple[str, ...]] = ("WEBHOOK_SECRET",)

    secret: Secrets = Field(
        alias="WEBHOOK_SECRET",
        description="The secret that signs deliveries in both directions: whsec_ and 24 to 64 random bytes in base64. "
        "Several, separated by commas, are all accepted; the first signs what Hark sends.",
        examples=["whsec_TUFLRS1ZT1VSLU9XTi1SQU5ET00tU0VDUkVULTE="],
    )
    title: str = Field(
        default="Webhook",
        min_length=1,
        max_length=80,
        alias="WEBHOOK_TITLE",
        description="The name that cards show for this door.",
        examples=["Acme shop reviews"],
    )
    reply_hosts: str = Field(
        default="",
        alias="WEBHOOK_REPLY_HOSTS",
        description="The only hosts to which answers may be posted, separated by commas; http and private addresses "
        "are allowed for them. Without a list, answers go to any host on the open internet, by https.",
        examples=["crm.example.com, 10.0.0.5"],
    )

    @field_validator("secret")
    @classmethod
    def _can_be_decoded(cls, value: SecretStr) -> SecretStr:
        for each in listed(value.get_secret_value()):
            decode_secret(each)
        return value

    @field_validator("reply_hosts")
    @classmethod
    def _are_hosts(cls, value: str) -> str:
        for host in listed(value.lower()):
            if literal(host) is None and not _HOST.fullmatch(host):
                msg = f"{host[:80]!r} must be a host such as crm.example.com, without https:// and without a port"
                raise ValueError(msg)
        return value

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The secrets, decoded."""
        return tuple(decode_secret(each) for each in listed(self.secret.get_secret_value()))

    @property
    def hosts(self) -> frozenset[str]:
        """Where answers may go; empty for anywhere on the open internet."""
        return frozenset(host.strip("[]").rstrip(".") for host in listed(self.reply_hosts.lower()))
