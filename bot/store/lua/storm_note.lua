-- What one process noticed in a channel. KEYS: slots, recent, asking, admitted, people, counts, cards.
-- ARGV: now (ms), ms to keep, oldest slot to keep, storming (0 or 1), most texts, most people (and cards), ms to keep
--   texts, then four lists, each with its length before it: slot, count, ...; case, until (ms), ...; case, author, ...;
--   texts.
-- Answers how many cases wait for the budget, then the texts of the window if any were given.
local SLOTS, RECENT, ASKING, ADMITTED, PEOPLE, COUNTS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local CARDS = KEYS[7]
local now, keep = ARGV[1], ARGV[2]
local at = 8

local function list()
  local first, length = at + 1, tonumber(ARGV[at])
  at = first + length
  return first, first + length - 1
end

local first, last = list()
for n = first, last, 2 do
  redis.call('HINCRBY', SLOTS, ARGV[n], ARGV[n + 1])
end
for _, slot in ipairs(redis.call('HKEYS', SLOTS)) do
  if tonumber(slot) < tonumber(ARGV[3]) then
    redis.call('HDEL', SLOTS, slot)
  end
end
first, last = list()
for n = first, last, 2 do
  redis.call('ZADD', ASKING, ARGV[n + 1], ARGV[n])
end
first, last = list()
for n = first, last, 2 do
  redis.call('ZREM', ASKING, ARGV[n])
  redis.call('ZREM', ADMITTED, ARGV[n])
  redis.call('ZADD', CARDS, now, ARGV[n])
  if ARGV[n + 1] ~= '' then
    redis.call('ZADD', PEOPLE, now, ARGV[n + 1])
  end
  if ARGV[4] == '1' then
    redis.call('HINCRBY', COUNTS, 'own', 1)
  end
end
for _, seen in ipairs({ PEOPLE, CARDS }) do
  redis.call('ZREMRANGEBYSCORE', seen, '-inf', string.format('%.0f', tonumber(now) - tonumber(keep)))
  redis.call('ZREMRANGEBYRANK', seen, 0, -tonumber(ARGV[6]) - 1)
end
redis.call('ZREMRANGEBYSCORE', ASKING, '-inf', now)
first, last = list()
for n = first, last do
  redis.call('LPUSH', RECENT, now .. ' ' .. ARGV[n])
end
redis.call('LTRIM', RECENT, 0, tonumber(ARGV[5]) - 1)
for _, key in ipairs(KEYS) do
  redis.call('PEXPIRE', key, key == RECENT and ARGV[7] or keep)
end
local window = last >= first and redis.call('LRANGE', RECENT, 0, -1) or {}
return { redis.call('ZCARD', ASKING), window }
