-- Counts an attempt in the open window, or opens one.
--
-- KEYS[1]  the window: its count and its end
-- ARGV     1 now, 2 when a window that opens now ends, both in microseconds; 3 its time to live in milliseconds
-- Answers the count and the end of the window.
local window = redis.pcall('HMGET', KEYS[1], 'count', 'until')
if window.err then
  return window
end
if window[1] or window[2] then
  local ends = tonumber(window[2])
  if not ends or not tonumber(window[1]) then
    return redis.error_reply('CORRUPT not a window')
  end
  if tonumber(ARGV[1]) < ends then
    return {tostring(redis.call('HINCRBY', KEYS[1], 'count', 1)), window[2]}
  end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'count', 1, 'until', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {'1', ARGV[2]}
