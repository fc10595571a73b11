-- Erases one case, all or nothing, unless it has changed since it was read.
-- A script of its own beside `commit`: that one stores what a case has become, and a customer's right is that nothing of
-- it is stored. What stands in Slack is noted in the same step, so that a crash afterwards leaves no message behind.
-- KEYS: case, log, what remains in Slack, then q/held/again/leases of timers, sends and cards, then the lists in which the
--   case stands, then its drafts.
-- ARGV: case id, expected version, what remains in Slack (JSON), number of lists.
-- Answers 1, or 0 when the case is another by now, or gone.
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[2] then
  return 0
end
local id, lists = ARGV[1], tonumber(ARGV[4])
redis.call('SET', KEYS[3], ARGV[3])
redis.call('DEL', KEYS[1], KEYS[2])
for n = 4, 12, 4 do
  redis.call('ZREM', KEYS[n], id)
  redis.call('HDEL', KEYS[n + 1], id)
  redis.call('HDEL', KEYS[n + 2], id)
  redis.call('ZREM', KEYS[n + 3], id)
end
for n = 16, 15 + lists do
  redis.call('ZREM', KEYS[n], id)
end
for n = 16 + lists, #KEYS do
  redis.call('DEL', KEYS[n])
end
return 1
