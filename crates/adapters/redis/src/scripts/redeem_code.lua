-- AuthorizationCode::matches and the used-marker in one step.
--
-- KEYS[1]  the code: a marker (l: live, u: used), then its JSON
-- ARGV     1 now, 2 REPLAY_MEMORY, both in microseconds; 3 the client; 4 redirect URI, 5 challenge, 6 resource, each
--          '' when it was not presented, else '=' and the text
-- Answers an outcome and, when the client may know of the code, the code as it was kept.
--
-- Times are doubles here, exact to the microsecond until the year 2255.
local kept = redis.pcall('GET', KEYS[1])
if not kept then
  return {'unknown'}
end
if type(kept) == 'table' then
  return kept
end
local marker = string.sub(kept, 1, 1)
local read, code = pcall(cjson.decode, string.sub(kept, 2))
if not read or type(code) ~= 'table' or type(code.expires_at) ~= 'number' or (marker ~= 'l' and marker ~= 'u') then
  return redis.error_reply('CORRUPT not a code')
end

local now = tonumber(ARGV[1])
if now >= code.expires_at + tonumber(ARGV[2]) then
  return {'unknown'}
end
if ARGV[3] ~= code.client then
  return {'client'}
end
if marker == 'u' then
  return {'replayed', kept}
end
if now >= code.expires_at then
  return {'expired'}
end
if ARGV[4] == '' then
  if code.redirect_uri_sent ~= false then
    return {'redirect_uri'}
  end
elseif ARGV[4] ~= '=' .. tostring(code.redirect_uri) then
  return {'redirect_uri'}
end
local challenge = ''
if code.challenge then
  challenge = '=' .. tostring(code.challenge)
end
if ARGV[5] ~= challenge then
  return {'challenge'}
end
if ARGV[6] ~= '' and ARGV[6] ~= '=' .. tostring(code.audience) then
  return {'resource'}
end
-- Writing in place keeps the time to live: the marker lives and dies with the code.
redis.call('SETRANGE', KEYS[1], 0, 'u')
return {'redeemed', kept}
