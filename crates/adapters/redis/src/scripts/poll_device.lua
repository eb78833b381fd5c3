-- DeviceAuthorization::poll in one step.
--
-- KEYS[1]  the authorization: its request as JSON and what a pending poll needs of that, its state, and what belongs to that
-- ARGV     1 now in microseconds; 2 the client; 3 resource, '' when it was not presented, else '=' and the text
-- Above    EXPIRY_MEMORY, POLL_LEEWAY, SLOW_DOWN_STEP, all in microseconds
-- Answers an outcome, and what belongs to it: how long to wait in microseconds, or the request, who granted, what,
--          and when in microseconds.
--
-- Times are doubles here, exact to the microsecond until the year 2255. Most devices are still pending: the request is read only
-- where it is needed.
local kept = redis.pcall('HMGET', KEYS[1], 'state', 'client', 'expires_at', 'interval', 'polled_at')
if kept.err then
  return kept
end
local state, client, expires_at = kept[1], kept[2], tonumber(kept[3])
local text, audience
if not client or not expires_at or ARGV[3] ~= '' then
  text = redis.call('HGET', KEYS[1], 'request')
  if not text and not state then
    return {'unknown'}
  end
  local read, request = pcall(cjson.decode, text or '')
  if not read or type(request) ~= 'table' or type(request.expires_at) ~= 'number' then
    return redis.error_reply('CORRUPT not a device authorization')
  end
  -- Releases up to 0.1 kept the two in the request alone.
  client, expires_at, audience = request.client, request.expires_at, tostring(request.audience)
end

local now = tonumber(ARGV[1])
if now >= expires_at + EXPIRY_MEMORY then
  return {'unknown'}
end
if ARGV[2] ~= client then
  return {'client'}
end
if now >= expires_at then
  return {'expired'}
end
if ARGV[3] ~= '' and ARGV[3] ~= '=' .. audience then
  return {'resource'}
end

local interval, polled_at = tonumber(kept[4]), tonumber(kept[5])
if state == 'pending' and interval and (polled_at or not kept[5]) then
  if polled_at and math.max(now - polled_at, 0) + POLL_LEEWAY < interval then
    -- tostring would write large numbers with an exponent.
    local longer = string.format('%.0f', interval + SLOW_DOWN_STEP)
    redis.call('HSET', KEYS[1], 'interval', longer, 'polled_at', ARGV[1])
    return {'slow down', longer}
  end
  redis.call('HSET', KEYS[1], 'polled_at', ARGV[1])
  return {'pending'}
end
if state == 'approved' then
  local granted = redis.call('HMGET', KEYS[1], 'request', 'username', 'scope', 'decided_at')
  if granted[1] and granted[2] and granted[3] then
    -- Changing fields keeps the time to live of the key.
    redis.call('HSET', KEYS[1], 'state', 'redeemed')
    redis.call('HDEL', KEYS[1], 'username', 'scope', 'decided_at')
    -- Releases up to 0.1 did not keep when it was decided.
    return {'granted', granted[1], granted[2], granted[3], granted[4] or ''}
  end
end
if state == 'denied' or state == 'redeemed' then
  return {state}
end
return redis.error_reply('CORRUPT no state of a device authorization')
