"""X: webhooks of the Activity API, polling within a budget, replies where X allows them, direct messages."""

from connectors.base import Network
from connectors.x.settings import XSettings

NETWORK = Network(name="x", title="X", settings=XSettings, connector="connectors.x.connector:XConnector")
