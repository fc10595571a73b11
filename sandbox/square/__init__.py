"""A local social network that speaks Bluesky's protocol, with the real one's limits and words of refusal.

    a program calls dispatch (token, limit, query, body) -> xrpc_* (one table each) -> world
    checked by      params, bodies, lexicon with schemas, sessions (tokens), limits
    people act      page_api -> people -> world
    what is read    views (profiles, posts), notifications, search

`square` puts the parts together, `seed` fills it, `storage` says what survives a restart.
"""
