-- Another text for one that nobody has changed since it was read. KEYS: a string, or a hash. ARGV: the text as it was
--   ('': there was none), the new one, ms to live, the field of the hash (none: KEYS is a string).
--   Answers the text that stands then.
local before, after, ttl, field = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local stands
if field then
  stands = redis.call('HGET', KEYS[1], field)
else
  stands = redis.call('GET', KEYS[1])
end
stands = stands or ''
if stands ~= before then
  return stands
end
if field then
  redis.call('HSET', KEYS[1], field, after)
  redis.call('PEXPIRE', KEYS[1], ttl)
else
  redis.call('SET', KEYS[1], after, 'PX', ttl)
end
return after
