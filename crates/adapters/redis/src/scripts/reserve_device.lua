-- Counts a device's request as pending, if there is room for it.
--
-- KEYS[1]  the pending ones, each with its expiry in microseconds
-- ARGV     1 now in microseconds; 2 the device code's digest; 3 when the request expires, in microseconds; 4 how many may be
--          pending; 5 how long the key lives at least, in milliseconds
-- Answers '' when it is counted, else when the first of the others expires.
local dropped = redis.pcall('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if type(dropped) == 'table' and dropped.err then
  return dropped
end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  -- tostring would write large numbers with an exponent.
  return string.format('%.0f', tonumber(first[2]))
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return ''
