-- The server's clock. KEYS: any key of the shard whose node is asked. Answers seconds, microseconds.
return redis.call('TIME')
