"""Slack: what Hark asks of it (`gateway`, over `api`), and how it reaches Hark (`listening`)."""
