-- A case with a card of its own belongs to a known problem. KEYS: standing, counts. ARGV: case, now (ms), then, if it is
--   to be counted: mood, complaint (0 or 1), ms to keep the counts. It is counted once.
local new = redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1]) == 1
if new and ARGV[3] then
  redis.call('HINCRBY', KEYS[2], 'standing', 1)
  redis.call('HINCRBY', KEYS[2], ARGV[3], 1)
  redis.call('HINCRBY', KEYS[2], 'complaints', ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
