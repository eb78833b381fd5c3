-- Takes an attempt back, if its window is open.
--
-- KEYS[1]  the window: its count and its end
-- ARGV[1]  now, in microseconds
local window = redis.pcall('HMGET', KEYS[1], 'count', 'until')
if window.err then
  return window
end
if not window[1] and not window[2] then
  return 0
end
local count, ends = tonumber(window[1]), tonumber(window[2])
if not count or not ends then
  return redis.error_reply('CORRUPT not a window')
end
if tonumber(ARGV[1]) >= ends then
  return 0
end
if count <= 1 then
  redis.call('DEL', KEYS[1])
else
  -- Changing fields keeps the time to live of the key.
  redis.call('HINCRBY', KEYS[1], 'count', -1)
end
return 1
