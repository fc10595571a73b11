"""WhatsApp: the messages of one business phone number on the Cloud API."""

from connectors.base import Network
from connectors.whatsapp.settings import WhatsAppSettings

NETWORK = Network(
    name="whatsapp",
    title="WhatsApp",
    settings=WhatsAppSettings,
    connector="connectors.whatsapp.connector:WhatsAppConnector",
)
