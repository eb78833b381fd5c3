-- Gives a user code to another device, if it still belongs to the one that was read.
--
-- KEYS[1]  the user code
-- ARGV     digests of device codes in hex: 1 of the holder, 2 of the new one; 3 the time to live in milliseconds
local function bytes(hex)
    return (hex:gsub('..', function(pair) return string.char(tonumber(pair, 16)) end))
end
if redis.call('GET', KEYS[1]) ~= bytes(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], bytes(ARGV[2]), 'PX', ARGV[3])
return 1
