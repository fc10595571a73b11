"""The square: a little social network on loopback that speaks Bluesky's XRPC, for practice and for tests."""
