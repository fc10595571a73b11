-- One due queue is four keys: `q` (sorted set: id -> score), `held` (hash: id -> token of the lease, and how many leases
-- of it ended by themselves: "token:2"), `again` (hash: id -> score that waits until the lease is given back) and `leases`
-- (sorted set: id -> end of its lease). Leases end by the server's own clock: those of the processes may disagree or jump.
-- A held id stays in `q`, at the far end of its band.
-- A score is band * 10^13 + milliseconds; see keys.py.
-- A server that is full refuses what may need room (ZADD, HSET) and still carries out the rest (ZREM, HDEL): what needs
-- room is written first everywhere, so that a refusal leaves everything as it was.
local BAND = 10000000000000
local BANDS = 5
-- When an id is due again whose leases end by themselves, one after the other (docs/decisions/019): so many ms after the
-- first, the second, ... and from SUSPECT on APART (ms) from others like it.
local WAITS = { 0, 0, 60000, 3600000 }
local SUSPECT, APART = 2, 1000

local function whole(number)
  return string.format('%.0f', number)
end

-- The more urgent band and the earlier instant of two scores.
local function sooner(a, b)
  local band = math.min(math.floor(a / BAND), math.floor(b / BAND))
  return band * BAND + math.min(a % BAND, b % BAND)
end

-- Due at `score`, or sooner if it already was.
local function due_mark(q, held, again, id, score)
  if redis.call('HEXISTS', held, id) == 1 then
    local old = redis.call('HGET', again, id)
    redis.call('HSET', again, id, whole(old and sooner(score, tonumber(old)) or score))
  else
    local old = redis.call('ZSCORE', q, id)
    redis.call('ZADD', q, whole(old and sooner(score, tonumber(old)) or score), id)
  end
end

-- Due at exactly `score`, or not at all (nil).
local function due_set(q, held, again, id, score)
  if redis.call('HEXISTS', held, id) == 1 then
    if score then
      redis.call('HSET', again, id, whole(score))
    else
      redis.call('HDEL', again, id)
    end
  elseif score then
    redis.call('ZADD', q, whole(score), id)
  else
    redis.call('ZREM', q, id)
  end
end

local LAPSED_AT_ONCE = 1000

local function server_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Hold an id: out of reach in `q`, leased until `till` by the server's clock.
local function due_hold(q, leases, id, band, till)
  redis.call('ZADD', q, whole(band * BAND + BAND - 1), id)
  redis.call('ZADD', leases, whole(till), id)
end

-- The token in a value of `held` (nil without one), and how many leases of the id ended by themselves.
local function due_lease(value)
  if not value then
    return nil, 0
  end
  local token, lapses = string.match(value, '^([^:]*):?(%d*)$')
  return token, tonumber(lapses) or 0
end

-- Whether a value of `held` says that the lease under this token is the last one.
local function due_is_under(value, token)
  return value == token or due_lease(value) == token
end

local function due_held(token, lapses)
  return lapses > 0 and token .. ':' .. whole(lapses) or token
end

-- Ids whose lease has ended are due again. Their holder may still give them back until somebody takes them.
local function due_lapse(q, held, leases, now, clock)
  local ids = redis.call('ZRANGEBYSCORE', leases, '-inf', whole(clock), 'LIMIT', 0, LAPSED_AT_ONCE)
  local apart = 0
  for _, id in ipairs(ids) do
    local band = math.floor(tonumber(redis.call('ZSCORE', q, id) or 0) / BAND)
    local token, before = due_lease(redis.call('HGET', held, id))
    local lapses, wait = before + 1, 0
    if lapses >= SUSPECT then
      wait, apart = WAITS[math.min(lapses, #WAITS)] + apart, apart + APART
    end
    redis.call('HSET', held, id, due_held(token or '', lapses))
    redis.call('ZADD', q, whole(band * BAND + now + wait), id)
    redis.call('ZREM', leases, id)
  end
end

-- How many leases of these ids ended by themselves. Where nothing is held, none of them did.
local function due_lapses(held, ids)
  local lapses = {}
  if redis.call('EXISTS', held) == 1 then
    for n, value in ipairs(redis.call('HMGET', held, unpack(ids))) do
      local _, ended = due_lease(value)
      lapses[n] = ended
    end
  end
  return lapses
end

-- What is due at `now` (ms), the most urgent band first, leased for `lease` ms under `token`. Answers id, band and number
-- of leases that ended by themselves of the first, of the second, ...
local function due_take(q, held, leases, now, limit, lease, token)
  local clock = server_ms()
  due_lapse(q, held, leases, now, clock)
  local ids, bands, far, till, ends = {}, {}, {}, {}, whole(clock + lease)
  for band = 0, BANDS - 1 do
    local base, room = band * BAND, limit - #ids
    if room < 1 then
      break
    end
    local beyond = whole(base + BAND - 1)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', q, whole(base), whole(base + now), 'LIMIT', 0, room)) do
      local n = #ids + 1
      ids[n], bands[n] = id, band
      far[2 * n - 1], far[2 * n] = beyond, id
      till[2 * n - 1], till[2 * n] = ends, id
    end
  end
  if #ids == 0 then
    return {}
  end
  local taken, tokens, lapses = {}, {}, due_lapses(held, ids)
  for n, id in ipairs(ids) do
    local ended = lapses[n] or 0
    taken[3 * n - 2], taken[3 * n - 1], taken[3 * n] = id, bands[n], ended
    tokens[2 * n - 1], tokens[2 * n] = id, due_held(token, ended)
  end
  redis.call('ZADD', q, unpack(far))
  redis.call('ZADD', leases, unpack(till))
  redis.call('HSET', held, unpack(tokens))
  return taken
end

-- Give leases back. `ids`, `tokens` and `scores` belong together: an id is due again at its score (false: not by itself)
-- or at what was put meanwhile, if sooner. A lease that is somebody else's by now is left alone.
local function due_give_back(q, held, again, leases, ids, tokens, scores)
  if #ids == 0 then
    return
  end
  local holders = redis.call('HMGET', held, unpack(ids))
  local news = redis.call('EXISTS', again) == 1
  local waiting = news and redis.call('HMGET', again, unpack(ids)) or {}
  local due, over, mine = {}, {}, {}
  for n, id in ipairs(ids) do
    if due_is_under(holders[n], tokens[n]) then
      local score = scores[n]
      if waiting[n] then
        score = score and sooner(score, tonumber(waiting[n])) or tonumber(waiting[n])
      end
      if score then
        due[#due + 1], due[#due + 2] = whole(score), id
      else
        over[#over + 1] = id
      end
      mine[#mine + 1] = id
    end
  end
  if #due > 0 then
    redis.call('ZADD', q, unpack(due))
  end
  if #over > 0 then
    redis.call('ZREM', q, unpack(over))
  end
  if #mine > 0 then
    redis.call('HDEL', held, unpack(mine))
    redis.call('ZREM', leases, unpack(mine))
  end
  if #mine > 0 and news then
    redis.call('HDEL', again, unpack(mine))
  end
end

-- A lease counts from now again, for `lease` ms; 0 when it is somebody else's by now.
local function due_renew(q, held, leases, id, token, lease)
  if not due_is_under(redis.call('HGET', held, id), token) then
    return 0
  end
  due_hold(q, leases, id, math.floor(tonumber(redis.call('ZSCORE', q, id)) / BAND), server_ms() + lease)
  return 1
end
