-- One change of one case, all or nothing.
-- KEYS: case, log, then q/held/again of timers, sends and cards, the leases of cards, then the lists to stand in, the
--   lists to leave, the dedupe names as this case uses them up, and the same names as they are taken back; at last the
--   counts of the days to which this adds.
-- ARGV: case id, expected version ('' for a new case), document, ms to keep a closed case ('' while open),
--   timers score or '', sends score or '', cards score or '', number of lists to stand in, of lists to leave,
--   ms to keep dedupe names, most log lines, token under which the draw is held ('' when it is to wait in the queue)
--   and ms of its lease, number of days to whose counts this adds, ms to keep them, then the scores of the lists, then
--   for each day what is added ("name amount name amount"), then the log lines.
-- Answers 'committed', 'duplicate', 'gone', or 'conflict' and the document that stands. What is final is told before a
-- conflict, and that words were taken back before all else.
local case, log = KEYS[1], KEYS[2]
local id, expected, keep = ARGV[1], ARGV[2], tonumber(ARGV[4])
local joins, leaves, days = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[14])
local first_list, first_score = 13, 16
local first_seen, last_name = first_list + joins + leaves, #KEYS - days
local last_seen = first_seen - 1 + (last_name - first_seen + 1) / 2
local last_added = first_score + joins + days - 1

for n = last_seen + 1, last_name do
  if redis.call('EXISTS', KEYS[n]) == 1 then
    return 'gone'
  end
end
-- What comes again is remembered anew. Nothing is written before that is known: after any write, a full server would
-- let the commit pass.
local known = false
for n = first_seen, last_seen do
  if redis.call('EXISTS', KEYS[n]) == 1 then
    redis.call('PEXPIRE', KEYS[n], ARGV[10])
    known = true
  end
end
if known then
  return 'duplicate'
end
if (redis.call('HGET', case, 'v') or '') ~= expected then
  return { 'conflict', redis.call('HGET', case, 'doc') }
end

redis.call('HSET', case, 'v', whole((tonumber(expected) or 0) + 1), 'doc', ARGV[3])
for n = first_seen, last_seen do
  redis.call('SET', KEYS[n], '1', 'PX', ARGV[10])
end
for n = last_added + 1, #ARGV do
  redis.call('RPUSH', log, ARGV[n])
end
redis.call('LTRIM', log, -tonumber(ARGV[11]), -1)
due_set(KEYS[3], KEYS[4], KEYS[5], id, tonumber(ARGV[5]))
due_set(KEYS[6], KEYS[7], KEYS[8], id, tonumber(ARGV[6]))
if ARGV[12] ~= '' then
  due_hold(KEYS[9], KEYS[12], id, math.floor(tonumber(ARGV[7]) / BAND), server_ms() + tonumber(ARGV[13]))
  redis.call('HSET', KEYS[10], id, ARGV[12])
elseif ARGV[7] ~= '' then
  due_mark(KEYS[9], KEYS[10], KEYS[11], id, tonumber(ARGV[7]))
end
for n = 0, joins - 1 do
  redis.call('ZADD', KEYS[first_list + n], ARGV[first_score + n], id)
end
for n = joins, joins + leaves - 1 do
  redis.call('ZREM', KEYS[first_list + n], id)
end
for n = 1, days do
  for name, amount in string.gmatch(ARGV[last_added - days + n], '(%S+) (%S+)') do
    redis.call('HINCRBY', KEYS[last_name + n], name, amount)
  end
  redis.call('PEXPIRE', KEYS[last_name + n], ARGV[15])
end
for _, key in ipairs({ case, log }) do
  if keep then
    redis.call('PEXPIRE', key, keep)
  else
    redis.call('PERSIST', key)
  end
end
return 'committed'
