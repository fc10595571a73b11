-- Says that a worker still works on its deliveries. KEYS: inbox. ARGV: group, consumer, then ids.
-- A delivery that another one has taken over by now stays with that one. Answers how many are still the worker's.
local mine = 0
for n = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[n], ARGV[n], 1)[1]
  if pending and pending[2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[n], 'JUSTID')
    mine = mine + 1
  end
end
return mine
