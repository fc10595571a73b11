"""A practice ground on loopback: a strict local Slack, a local social network, and a page to play both sides."""
