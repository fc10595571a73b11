-- The most urgent folded cases, for their own cards. A taken one stays until it is dropped; when the lease is over it is
-- taken again, so that nothing is lost between taking and drawing.
-- KEYS: folded, shown, admitted. ARGV: limit, now (ms), highest score, score of a lease's beginning, ms of the lease, ms to
--   keep, until when they are admitted (ms) or ''. Answers the cases.
local limit, now, base = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local taken = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[4], string.format('%.0f', base + now), 'LIMIT', 0, limit)
if #taken < limit then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[3], 'LIMIT', 0, limit - #taken)) do
    taken[#taken + 1] = id
  end
end
for _, id in ipairs(taken) do
  redis.call('ZADD', KEYS[1], string.format('%.0f', base + now + tonumber(ARGV[5])), id)
  redis.call('SADD', KEYS[2], id)
  if ARGV[7] ~= '' then
    redis.call('ZADD', KEYS[3], ARGV[7], id)
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[6])
redis.call('PEXPIRE', KEYS[3], ARGV[6])
return taken
