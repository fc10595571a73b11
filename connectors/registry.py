"""Every network that Hark speaks: one line each."""

from connectors import bluesky, webhook
from connectors.base import Network

NETWORKS: tuple[Network, ...] = (
    bluesky.NETWORK,
    webhook.NETWORK,
)
