"""A strict local Slack: what the real one refuses, it refuses in the same words.

    the app calls   web_api (token, scope, limit) -> *_methods (one table each) -> messages, view_store -> workspace
    checked by      args, blocks and views (put together from schema, elements, rich_text), method (rights), limits
    people act      page_api -> interactivity -> payloads, state_values -> sockets or http_delivery -> the app
    the app answers responses (response_url), triggers (what an interaction allows, and how long)
    what follows    events (what the app hears of), notify (whose phone rings)

`hub` puts the parts together, `app` gives them routes and tests their handles, `storage` says what survives a restart.
"""
