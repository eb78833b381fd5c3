-- Keeps a device's request, pending.
--
-- KEYS[1]  the authorization
-- ARGV     1 the request's JSON, 2 POLL_INTERVAL in microseconds, 3 the time to live in milliseconds; of the request again, since
--          polls need them: 4 the client, 5 when it expires, in microseconds
redis.call('HSET', KEYS[1], 'request', ARGV[1], 'client', ARGV[4], 'expires_at', ARGV[5], 'state', 'pending', 'interval', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
