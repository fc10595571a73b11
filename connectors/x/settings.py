"""What one X account is told by the environment."""

import re
from decimal import Decimal
from typing import ClassVar, Final

from pydantic import Field, field_validator

from connectors.base import AccountSettings
from connectors.fields import Secrets, WebAddress, Word, listed

MAX_QUERIES: Final = 10
LONGEST_QUERY: Final = 512
MICRO: Final = 1_000_000
"""Money is counted in millionths of a dollar."""

_QUERY: Final = re.compile(r'(?:"[^"]*"|[^",])+')


class XSettings(AccountSettings):
    """One account. All of it comes from the app's page in X's developer console, but for the refresh token."""

    required: ClassVar[tuple[str, ...]] = (
        "X_USER_ID",
        "X_CONSUMER_SECRET",
        "X_BEARER_TOKEN",
        "X_CLIENT_ID",
        "X_REFRESH_TOKEN",
    )

    api_url: WebAddress = Field(
        default="https://api.x.com",
        alias="X_API_URL",
        description="The address of X's API.",
        examples=["https://api.x.com"],
    )
    user_id: str = Field(
        alias="X_USER_ID",
        pattern=r"^[0-9]{1,19}$",
        description="The account's numeric id, not its handle.",
        examples=["1234567890"],
    )
    consumer_secret: Secrets = Field(
        alias="X_CONSUMER_SECRET",
        description="The app's API key secret (consumer secret): it signs webhooks. Several, separated by commas, are "
        "all accepted while it is being changed; the first answers X's own check.",
        examples=["Zk3bEXAMPLEconsumerSECRET0000000000000000000000000"],
    )
    bearer_token: Word = Field(
        alias="X_BEARER_TOKEN",
        description="The app's bearer token, for reading and for looking after the webhook.",
        examples=["AAAAAAAAAAAAAAAAAAAAAEXAMPLE"],
    )
    client_id: str = Field(
        alias="X_CLIENT_ID",
        min_length=1,
        description="The app's OAuth 2.0 client id.",
        examples=["RXhhbXBsZUNsaWVudElk"],
    )
    refresh_token: Word = Field(
        alias="X_REFRESH_TOKEN",
        description="A refresh token of the account (OAuth 2.0 with offline.access). X changes it at each use; Hark "
        "keeps the newest one in its own store, so this one is needed only once.",
        examples=["bWFkZS11cC1yZWZyZXNoLXRva2Vu"],
    )
    monthly_budget_usd: Decimal = Field(
        default=Decimal(20),
        ge=0,
        le=1_000_000,
        alias="X_MONTHLY_BUDGET_USD",
        description="How many US dollars a calendar month (UTC) Hark may spend on X. Polling slows down as it is used "
        "up and stops before it is overspent; answers of your staff still go out and are counted.",
        examples=["20"],
    )
    search: str = Field(
        default="",
        alias="X_SEARCH",
        description=f"Monitoring streams: up to {MAX_QUERIES} searches in X's query language, separated by commas.",
        examples=['("acme shoes" OR #acmeshoes) lang:en, "acme app"'],
    )

    @field_validator("search")
    @classmethod
    def _are_queries(cls, value: str) -> str:
        found = _queries(value)
        if len(found) > MAX_QUERIES:
            msg = f"at most {MAX_QUERIES} searches"
            raise ValueError(msg)
        if any(len(query) > LONGEST_QUERY for query in found):
            msg = f"X takes at most {LONGEST_QUERY} characters in one search"
            raise ValueError(msg)
        return value

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The consumer secrets; the first answers X's check."""
        return tuple(part.encode() for part in listed(self.consumer_secret.get_secret_value()))

    @property
    def queries(self) -> tuple[str, ...]:
        """The monitoring searches, each once, in the order given."""
        return tuple(dict.fromkeys(_queries(self.search)))

    @property
    def budget(self) -> int:
        """The monthly budget in millionths of a dollar."""
        return int(self.monthly_budget_usd * MICRO)


def _queries(text: str) -> list[str]:
    """Searches parted by commas; a comma between double quotes parts nothing."""
    return [query for part in _QUERY.findall(text) if (query := part.strip())]
