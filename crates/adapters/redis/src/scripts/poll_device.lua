-- DeviceAuthorization::poll in one step.
--
-- KEYS[1]  the authorization: its request as JSON, its state, and what belongs to that
-- ARGV     1 now, 2 EXPIRY_MEMORY, 3 POLL_LEEWAY, 4 SLOW_DOWN_STEP, all in microseconds; 5 the client; 6 resource, ''
--          when it was not presented, else '=' and the text
-- Answers an outcome, and what belongs to it: how long to wait in microseconds, or the request, who granted, and what.
--
-- Times are doubles here, exact to the microsecond until the year 2255.
local kept = redis.pcall('HMGET', KEYS[1], 'request', 'state', 'interval', 'polled_at', 'username', 'scope')
if kept.err then
  return kept
end
local text, state, username, scope = kept[1], kept[2], kept[5], kept[6]
if not text and not state then
  return {'unknown'}
end
local read, request = pcall(cjson.decode, text or '')
if not read or type(request) ~= 'table' or type(request.expires_at) ~= 'number' then
  return redis.error_reply('CORRUPT not a device authorization')
end

local now = tonumber(ARGV[1])
if now >= request.expires_at + tonumber(ARGV[2]) then
  return {'unknown'}
end
if ARGV[5] ~= request.client then
  return {'client'}
end
if now >= request.expires_at then
  return {'expired'}
end
if ARGV[6] ~= '' and ARGV[6] ~= '=' .. tostring(request.audience) then
  return {'resource'}
end

local interval, polled_at = tonumber(kept[3]), tonumber(kept[4])
if state == 'pending' and interval and (polled_at or not kept[4]) then
  if polled_at and math.max(now - polled_at, 0) + tonumber(ARGV[3]) < interval then
    -- tostring would write large numbers with an exponent.
    local longer = string.format('%.0f', interval + tonumber(ARGV[4]))
    redis.call('HSET', KEYS[1], 'interval', longer, 'polled_at', ARGV[1])
    return {'slow down', longer}
  end
  redis.call('HSET', KEYS[1], 'polled_at', ARGV[1])
  return {'pending'}
end
if state == 'approved' and username and scope then
  -- Changing fields keeps the time to live of the key.
  redis.call('HSET', KEYS[1], 'state', 'redeemed')
  redis.call('HDEL', KEYS[1], 'username', 'scope')
  return {'granted', text, username, scope}
end
if state == 'denied' or state == 'redeemed' then
  return {state}
end
return redis.error_reply('CORRUPT no state of a device authorization')
