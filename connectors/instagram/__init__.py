"""Instagram: comments, mentions and direct messages of one professional account."""

from connectors.base import Network
from connectors.instagram.settings import InstagramSettings

NETWORK = Network(
    name="instagram",
    title="Instagram",
    settings=InstagramSettings,
    connector="connectors.instagram.connector:InstagramConnector",
)
