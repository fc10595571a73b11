"""WhatsApp: the messages of one business phone number on the Cloud API."""

from connectors.base import Network
from connectors.whatsapp.connector import WhatsAppConnector
from connectors.whatsapp.settings import WhatsAppSettings

NETWORK = Network(name="whatsapp", title="WhatsApp", settings=WhatsAppSettings, build=WhatsAppConnector)
