"""Threads: replies to one profile, and mentions of it."""

from connectors.base import Network
from connectors.threads.settings import ThreadsSettings

NETWORK = Network(
    name="threads", title="Threads", settings=ThreadsSettings, connector="connectors.threads.connector:ThreadsConnector"
)
