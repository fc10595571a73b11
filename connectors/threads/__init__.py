"""Threads: replies to one profile, and mentions of it."""

from connectors.base import Network
from connectors.threads.connector import ThreadsConnector
from connectors.threads.settings import ThreadsSettings

NETWORK = Network(name="threads", title="Threads", settings=ThreadsSettings, build=ThreadsConnector)
