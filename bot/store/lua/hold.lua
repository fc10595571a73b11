-- A turn at something, for whoever was first, as long as they are heard of. KEYS: once. ARGV: holder, ms.
-- Answers 1 when the turn is the holder's, from now on for so long: it was free, or theirs already.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
