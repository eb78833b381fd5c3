-- DeviceAuthorization::decide in one step.
--
-- KEYS[1]  the authorization: its request as JSON, its state, and what belongs to that
-- ARGV     1 now, in microseconds; 2 approved or denied; 3 who approved, 4 what they granted, both '' when denied
-- Answers an outcome and, when this decided it, the request.
--
-- Times are doubles here, exact to the microsecond until the year 2255.
local kept = redis.pcall('HMGET', KEYS[1], 'request', 'state')
if kept.err then
  return kept
end
local text, state = kept[1], kept[2]
if not text and not state then
  return {'unknown'}
end
local read, request = pcall(cjson.decode, text or '')
if not read or type(request) ~= 'table' or type(request.expires_at) ~= 'number' then
  return redis.error_reply('CORRUPT not a device authorization')
end

if tonumber(ARGV[1]) >= request.expires_at then
  return {'unknown'}
end
if state == 'approved' or state == 'denied' or state == 'redeemed' then
  return {'decided before'}
end
if state ~= 'pending' then
  return redis.error_reply('CORRUPT no state of a device authorization')
end
-- Changing fields keeps the time to live of the key.
if ARGV[2] == 'approved' then
  redis.call('HSET', KEYS[1], 'state', 'approved', 'username', ARGV[3], 'scope', ARGV[4], 'decided_at', ARGV[1])
else
  redis.call('HSET', KEYS[1], 'state', 'denied')
end
redis.call('HDEL', KEYS[1], 'interval', 'polled_at')
return {'decided', text}
