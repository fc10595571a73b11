-- A telling stands: so many of the trouble are told now, and with them what was kept for telling it; unless another
-- worker has noted something since. What came in meanwhile stays untold.
-- KEYS: the notice. ARGV: what was noted when it was read ('': nothing), what is to be noted, how many were told, ms to
--   live, then the fields to drop. Answers what is noted then.
local stands = redis.call('HGET', KEYS[1], 'told') or ''
if stands ~= ARGV[1] then
  return stands
end
local untold = tonumber(redis.call('HGET', KEYS[1], 'untold') or 0) - tonumber(ARGV[3])
redis.call('HSET', KEYS[1], 'told', ARGV[2], 'untold', string.format('%.0f', math.max(0, untold)))
redis.call('HDEL', KEYS[1], unpack(ARGV, 5))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return ARGV[2]
