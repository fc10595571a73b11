-- The new items of a polled page and its cursor, together.
-- KEYS: inbox, cursor, then one key per item. ARGV: cursor or '', has cursor (0 or 1), ms to keep the cursor,
--   ms to keep item keys, number of values per item, then field, value, ... of each item.
-- Answers how many were new.
local width, new = tonumber(ARGV[5]), 0
for n = 3, #KEYS do
  if redis.call('SET', KEYS[n], '1', 'NX', 'PX', ARGV[4]) then
    local first = 6 + (n - 3) * width
    redis.call('XADD', KEYS[1], '*', unpack(ARGV, first, first + width - 1))
    new = new + 1
  end
end
if ARGV[2] == '1' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
end
return new
