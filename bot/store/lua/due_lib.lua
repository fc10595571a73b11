-- One due queue is three keys: `q` (sorted set: id -> score), `held` (hash: id -> token of the lease) and `again`
-- (hash: id -> score that waits until the lease is given back). A held id stays in `q` with the end of its lease.
-- A score is band * 10^13 + milliseconds; see keys.py.
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

-- What is due at `now` (ms), the most urgent band first, leased until `now + lease` under `token`.
local function due_take(q, held, now, limit, lease, token)
  local taken = {}
  for band = 0, BANDS - 1 do
    local base = band * BAND
    local room = limit - #taken / 2
    if room < 1 then
      break
    end
    local ids = redis.call('ZRANGEBYSCORE', q, whole(base), whole(base + now), 'LIMIT', 0, room)
    for _, id in ipairs(ids) do
      redis.call('ZADD', q, whole(base + now + lease), id)
      redis.call('HSET', held, id, token)
      taken[#taken + 1] = id
      taken[#taken + 1] = band
    end
  end
  return taken
end

-- Give a lease back; the id is due again at `score` (nil: not by itself) or at what was put meanwhile.
local function due_give_back(q, held, again, id, token, score)
  if redis.call('HGET', held, id) ~= token then
    return 0
  end
  redis.call('HDEL', held, id)
  local waiting = redis.call('HGET', again, id)
  if waiting then
    redis.call('HDEL', again, id)
    score = score and sooner(score, tonumber(waiting)) or tonumber(waiting)
  end
  if score then
    redis.call('ZADD', q, whole(score), id)
  else
    redis.call('ZREM', q, id)
  end
  return 1
end
