-- Puts dead letters back. KEYS: dead, inbox.
-- ARGV: number of values of a delivery, then first id, last id, most letters, ... of ranges. Answers how many.
-- A dead letter is a delivery's own fields first, then what was wrong with it.
local width, back = tonumber(ARGV[1]), 0
for n = 2, #ARGV, 3 do
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[n], ARGV[n + 1], 'COUNT', ARGV[n + 2])) do
    redis.call('XADD', KEYS[2], '*', unpack(entry[2], 1, width))
    redis.call('XDEL', KEYS[1], entry[1])
    back = back + 1
  end
end
return back
