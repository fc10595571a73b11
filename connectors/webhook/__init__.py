"""The generic signed webhook: the door for every network without a connector of its own."""

from connectors.base import Network
from connectors.webhook.settings import WebhookSettings

NETWORK = Network(
    name="webhook", title="Webhook", settings=WebhookSettings, connector="connectors.webhook.connector:WebhookConnector"
)
