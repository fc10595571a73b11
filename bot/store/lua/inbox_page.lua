-- The new items of a polled page and its cursor, together.
-- KEYS: inbox, cursor, held (of the due queue of polls), then one key per item. ARGV: cursor or '', has cursor (0 or 1),
--   ms to keep the cursor, ms to keep item keys, number of values per item, id and token of the lease under which the
--   page was read ('' without one), then field, value, ... of each item.
-- Answers how many were new, or -1 when the lease is somebody else's by now: then nothing is written, for the page may be
-- older than what that one wrote.
if ARGV[7] ~= '' and not due_is_under(redis.call('HGET', KEYS[3], ARGV[6]), ARGV[7]) then
  return -1
end
local width, new = tonumber(ARGV[5]), 0
for n = 4, #KEYS do
  if redis.call('SET', KEYS[n], '1', 'NX', 'PX', ARGV[4]) then
    local first = 8 + (n - 4) * width
    redis.call('XADD', KEYS[1], '*', unpack(ARGV, first, first + width - 1))
    new = new + 1
  end
end
if ARGV[2] == '1' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
end
return new
