-- Ends every session of a user.
--
-- KEYS[1]  the user's sessions
-- ARGV[1]  what a session's key begins with; the digest follows. These keys are in the slot of KEYS[1] by their hash tag.
for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  redis.call('DEL', ARGV[1] .. digest)
end
redis.call('DEL', KEYS[1])
return 1
