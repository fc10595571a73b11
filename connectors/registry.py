"""Every network that Hark speaks: one line each."""

from connectors import bluesky, facebook, instagram, threads, webhook, whatsapp, x
from connectors.base import Network

NETWORKS: tuple[Network, ...] = (
    bluesky.NETWORK,
    facebook.NETWORK,
    instagram.NETWORK,
    threads.NETWORK,
    webhook.NETWORK,
    whatsapp.NETWORK,
    x.NETWORK,
)
