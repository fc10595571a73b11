"""Redis: every key, script and queue in which Hark keeps what must survive."""
