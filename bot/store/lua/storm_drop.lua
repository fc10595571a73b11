-- Cases that are folded no more. KEYS: folded, counts. ARGV: name to count them under, ms to keep, then cases.
-- Answers how many were still folded.
local dropped = 0
for n = 3, #ARGV do
  dropped = dropped + redis.call('ZREM', KEYS[1], ARGV[n])
end
if dropped > 0 then
  redis.call('HINCRBY', KEYS[2], ARGV[1], dropped)
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return dropped
