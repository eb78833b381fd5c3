-- Keeps a session and notes it under its user, so that all of a user's sessions can be ended without a search.
--
-- KEYS  1 the session, 2 the user's sessions by their expiry: in one hash slot
-- ARGV  1 the session's JSON, 2 its time to live in milliseconds, 3 its digest, 4 its expiry, 5 sessions that ended
--       before this time need no note any more; both in microseconds
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 1
