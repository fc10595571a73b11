-- Cases of which nobody is to be told any more, unless they were gathered anew since they were read. KEYS: gathered.
-- ARGV: case, its score as it was read, case, score, ...
for n = 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[1], ARGV[n]) == ARGV[n + 1] then
    redis.call('ZREM', KEYS[1], ARGV[n])
  end
end
