"""Hark's service: it brings every customer's word into Slack as a case, and the team's answer back."""
