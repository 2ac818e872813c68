-- KEYS[2]: the window, a list of entries as moment (7 octets, microseconds), call (8) and what it is, oldest first.
-- ARGV[3]: the entry; ARGV[4]: how long it is kept, in milliseconds; ARGV[5]: how many are.
local time, most = redis.call('TIME'), tonumber(ARGV[5])
local now = time[1] * 1000000 + time[2]
local call = string.gsub(string.sub(ARGV[1], 1, 16), '..', function(octet)
  return string.char(tonumber(octet, 16))
end)
local before = {}
for _, there in ipairs(redis.call('LRANGE', KEYS[2], -most - 1, -1)) do
  -- The answer of this very call was lost: it was put in, and what came after it was not there then.
  if string.sub(there, 8, 15) == call then return before end
  local came = 0
  for octet = 1, 7 do came = came * 256 + string.byte(there, octet) end
  if came > now - ARGV[4] * 1000 then before[#before + 1] = string.sub(there, 16) end
end
if most > 0 then
  local rest, moment = now, ''
  for _ = 1, 7 do
    moment = string.char(rest % 256) .. moment
    rest = math.floor(rest / 256)
  end
  redis.call('RPUSH', KEYS[2], moment .. call .. ARGV[3])
  -- One more than is asked for: a repetition has to find what was before it.
  redis.call('LTRIM', KEYS[2], -most - 1, -1)
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
end
while #before > most do table.remove(before, 1) end
return before
