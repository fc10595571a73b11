-- One due queue is four keys: `q` (sorted set: id -> score), `held` (hash: id -> token of the lease), `again` (hash:
-- id -> score that waits until the lease is given back) and `leases` (sorted set: id -> end of its lease). Leases end by
-- the server's own clock: those of the processes may disagree or jump. A held id stays in `q`, at the far end of its band.
-- A score is band * 10^13 + milliseconds; see keys.py.
-- A server that is full refuses what may need room (ZADD, HSET) and still carries out the rest (ZREM, HDEL): what needs
-- room is written first everywhere, so that a refusal leaves everything as it was.
local BAND = 10000000000000
local BANDS = 5

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

-- Ids whose lease has ended are due at `now` again. Their holder may still give them back until somebody takes them.
local function due_lapse(q, leases, now, clock)
  local ids = redis.call('ZRANGEBYSCORE', leases, '-inf', whole(clock), 'LIMIT', 0, LAPSED_AT_ONCE)
  for _, id in ipairs(ids) do
    local band = math.floor(tonumber(redis.call('ZSCORE', q, id) or 0) / BAND)
    redis.call('ZADD', q, whole(band * BAND + now), id)
    redis.call('ZREM', leases, id)
  end
end

-- What is due at `now` (ms), the most urgent band first, leased for `lease` ms under `token`.
local function due_take(q, held, leases, now, limit, lease, token)
  local taken, clock = {}, server_ms()
  due_lapse(q, leases, now, clock)
  for band = 0, BANDS - 1 do
    local base = band * BAND
    local room = limit - #taken / 2
    if room < 1 then
      break
    end
    local ids = redis.call('ZRANGEBYSCORE', q, whole(base), whole(base + now), 'LIMIT', 0, room)
    for _, id in ipairs(ids) do
      due_hold(q, leases, id, band, clock + lease)
      redis.call('HSET', held, id, token)
      taken[#taken + 1] = id
      taken[#taken + 1] = band
    end
  end
  return taken
end

-- Give a lease back; the id is due again at `score` (nil: not by itself) or at what was put meanwhile.
local function due_give_back(q, held, again, leases, id, token, score)
  if redis.call('HGET', held, id) ~= token then
    return 0
  end
  local waiting = redis.call('HGET', again, id)
  if waiting then
    score = score and sooner(score, tonumber(waiting)) or tonumber(waiting)
  end
  if score then
    redis.call('ZADD', q, whole(score), id)
  else
    redis.call('ZREM', q, id)
  end
  redis.call('HDEL', held, id)
  redis.call('HDEL', again, id)
  redis.call('ZREM', leases, id)
  return 1
end

-- A lease counts from now again, for `lease` ms; 0 when it is somebody else's by now.
local function due_renew(q, held, leases, id, token, lease)
  if redis.call('HGET', held, id) ~= token then
    return 0
  end
  due_hold(q, leases, id, math.floor(tonumber(redis.call('ZSCORE', q, id)) / BAND), server_ms() + lease)
  return 1
end
