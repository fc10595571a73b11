"""A strict local Slack: Web API, Socket Mode and HTTP events, interactivity, and what each person would see."""
