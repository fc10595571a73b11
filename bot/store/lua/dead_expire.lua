-- Takes away the dead letters that are too old, and counts them, together. KEYS: dead, gone. ARGV: oldest id to keep.
local gone = redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[1])
if gone > 0 then
  redis.call('INCRBY', KEYS[2], gone)
end
