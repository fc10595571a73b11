"""The one HTTP session that Slack and all networks share."""

import socket

import aiohttp

USER_AGENT = "Hark/26.11 (customer care from Slack)"
TOTAL_S = 20.0
CONNECT_S = 5.0
CONNECTIONS = 100


def open_session() -> aiohttp.ClientSession:
    """A session with limits on everything. Close it last. Proxies are used only where a call names one.

    No cookie is kept: the accounts of one network share its host, and what one is given is nothing to the others.
    """
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=CONNECT_S),
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, family=socket.AF_UNSPEC, ttl_dns_cache=60),
        headers={"User-Agent": USER_AGENT},
        raise_for_status=False,
    )
