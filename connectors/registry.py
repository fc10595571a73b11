"""Every network that Hark speaks: one line each."""

from connectors import bluesky, facebook, instagram, threads, webhook, x
from connectors.base import Network

NETWORKS: tuple[Network, ...] = (
    bluesky.NETWORK,
    facebook.NETWORK,
    instagram.NETWORK,
    threads.NETWORK,
    webhook.NETWORK,
    x.NETWORK,
)
