"""Facebook: one Page with its comments, posts and mentions, and its Messenger."""

from connectors.base import Network
from connectors.facebook.settings import FacebookSettings

NETWORK = Network(
    name="facebook",
    title="Facebook",
    settings=FacebookSettings,
    connector="connectors.facebook.connector:FacebookConnector",
)
