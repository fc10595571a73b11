-- Takes over what others left behind, and forgets workers that are long gone and owe nothing.
-- KEYS: inbox. ARGV: group, consumer, ms after which a delivery counts as left, most deliveries to look at, ms after
--   which a worker is gone, ms after which a delivery of an account that the worker does not know is taken, too, id after
--   which to begin ('' for the first), how often a suspect was taken, 1 to take a suspect (one alone, and nothing else) or
--   0 to take all others, then the accounts that it knows ("network/account").
-- Answers the id after which to go on ('' when all were looked at), {id, fields, times delivered}, this time included, and
--   the number of suspects that were seen.
local inbox, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local often, alone = tonumber(ARGV[8]), ARGV[9] == '1'
local known = {}
for n = 10, #ARGV do
  known[ARGV[n]] = true
end
local function is_known(fields)
  local of = {}
  for n = 1, #fields, 2 do
    of[fields[n]] = fields[n + 1]
  end
  return known[(of.network or '') .. '/' .. (of.account or '')]
end
local found, suspects, least = {}, 0, nil
local function take(id, fields, delivered)
  redis.call('XCLAIM', inbox, group, consumer, 0, id)
  found[#found + 1] = { id, fields, delivered + 1 }
end
local first = ARGV[7] == '' and '-' or '(' .. ARGV[7]
local left = redis.call('XPENDING', inbox, group, 'IDLE', ARGV[3], first, '+', ARGV[4])
for _, pending in ipairs(left) do
  local id, idle, delivered = pending[1], pending[3], pending[4]
  local entry = redis.call('XRANGE', inbox, id, id)[1]
  if not entry then
    redis.call('XACK', inbox, group, id)
  elseif idle >= tonumber(ARGV[6]) or is_known(entry[2]) then
    if delivered >= often then
      suspects = suspects + 1
      if not least or delivered < least[3] then
        least = { id, entry[2], delivered }
      end
    elseif not alone then
      take(id, entry[2], delivered)
    end
  end
end
-- Who was taken least goes first: the guilty one was taken once more whenever it killed somebody.
if alone and least then
  take(unpack(least))
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
return { #left < tonumber(ARGV[4]) and '' or left[#left][1], found, suspects }
