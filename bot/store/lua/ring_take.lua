-- The right to ring somebody. KEYS: ring. ARGV: now (ms), ms between rings, token.
-- Answers 0 when granted, to the same token again as often as it asks, else the ms to wait.
local last = redis.call('HMGET', KEYS[1], 'at', 'by')
local at = tonumber(last[1])
local now, every = tonumber(ARGV[1]), tonumber(ARGV[2])
if at and now - at < every then
  return last[2] == ARGV[3] and 0 or at + every - now
end
redis.call('HSET', KEYS[1], 'at', string.format('%.0f', now), 'by', ARGV[3])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', 2 * every))
return 0
