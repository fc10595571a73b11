-- KEYS: dead, gone. ARGV: most entries, ms to keep the stream, then field, value, ...
-- What makes room here was never replayed: it is counted in `gone`.
local before = redis.call('XLEN', KEYS[1])
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local dropped = before + 1 - redis.call('XLEN', KEYS[1])
if dropped > 0 then
  redis.call('INCRBY', KEYS[2], dropped)
end
return id
