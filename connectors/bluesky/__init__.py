"""Bluesky, and any other server of the AT Protocol."""

from connectors.base import Network
from connectors.bluesky.settings import BlueskySettings

NETWORK = Network(
    name="bluesky", title="Bluesky", settings=BlueskySettings, connector="connectors.bluesky.connector:BlueskyConnector"
)
