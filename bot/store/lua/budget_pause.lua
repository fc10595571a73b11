-- Nothing before `until`. KEYS: bucket. ARGV: until (ms), ms to keep it. A longer pause stands.
local old = tonumber(redis.call('HGET', KEYS[1], 'paused')) or 0
redis.call('HSET', KEYS[1], 'paused', string.format('%.0f', math.max(old, tonumber(ARGV[1]))))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[2]))))
return 1
