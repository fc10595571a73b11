-- Takes over what dead workers left behind, and forgets workers that are long gone and owe nothing.
-- KEYS: inbox. ARGV: group, consumer, ms after which a delivery counts as left, limit, ms after which a worker is gone.
-- Answers {id, fields, times delivered}, this time included.
local inbox, group = KEYS[1], ARGV[1]
local claimed = redis.call('XAUTOCLAIM', inbox, group, ARGV[2], ARGV[3], '0', 'COUNT', ARGV[4])[2]
local found = {}
for _, entry in ipairs(claimed) do
  local pending = redis.call('XPENDING', inbox, group, entry[1], entry[1], 1)
  found[#found + 1] = { entry[1], entry[2], pending[1] and pending[1][4] or 1 }
end
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', inbox, group)) do
  local worker = {}
  for n = 1, #flat, 2 do
    worker[flat[n]] = flat[n + 1]
  end
  if worker.pending == 0 and worker.idle > tonumber(ARGV[5]) then
    redis.call('XGROUP', 'DELCONSUMER', inbox, group, worker.name)
  end
end
return found
