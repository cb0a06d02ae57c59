"""The changes that a Redis server makes for a state, each at once and whole, as scripts in Lua.

All keys of a state begin with its namespace in braces, so that they lie in one hash slot. A record
is a field of a hash, ``table NUL key``; its value is ``PLACE STAYS PRESENT TEXT``, such as
``12 0+{"a":1}``, or ``12 1-`` for a removed one that stays.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Script(NamedTuple):
    """A script, and the digest by which a server that knows it runs it."""

    text: str
    digest: str


def _script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


GONE = "MOCKSEIGONE"
"""The error of a script that does not find the state."""

MAKE = _script("""
if redis.call('EXISTS', KEYS[1]) == 1 then
  return {redis.call('HGET', KEYS[1], 'format') or '', 0}
end
redis.call('HSET', KEYS[1], 'format', ARGV[1], 'epoch', redis.call('TIME')[1], 'sequence', 0,
  'recorded', 0, 'clearings', 0, 'swept', 0, 'changes', '{}', 'journal_size', 0, 'revision', 0)
return {ARGV[1], 1}
""")
"""Keys: head. Arguments: format. Returns the format that is there, and 1 if it was made now."""

BEGIN = _script("""
local head = redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'recorded', 'clearings')
if not head[1] then return redis.error_reply('MOCKSEIGONE') end
return {redis.call('TIME'), head}
""")
"""Keys: head. Returns the server's time, in seconds and microseconds, and the head."""

RESERVE = _script("""
if redis.call('EXISTS', KEYS[1]) == 0 then return redis.error_reply('MOCKSEIGONE') end
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
  and redis.call('GET', KEYS[2]) ~= ARGV[1] then return false end
redis.call('SET', KEYS[3], ARGV[1])
return {redis.call('TIME'),
  redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'recorded', 'clearings')}
""")
"""Keys: head, lock, owner. Arguments: token, lease in ms. Returns what BEGIN returns; nothing while
another one has the lock."""

RELEASE = _script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
""")
"""Keys: lock. Arguments: token."""

COMMIT = _script("""
local head, records, lasting, changed, journal, facts, owner, lock, done = unpack(KEYS)
local before = redis.call('GET', done)
if before then return before end
if redis.call('GET', owner) ~= ARGV[1] then return false end
local now = redis.call('TIME')
if now[1] * 1000 + math.floor(now[2] / 1000) > tonumber(ARGV[2]) then return false end
if redis.call('EXISTS', head) == 0 then return redis.error_reply('MOCKSEIGONE') end
if ARGV[6] ~= '' then
  local epoch = tonumber(redis.call('HGET', head, 'epoch') or 0)
  redis.call('UNLINK', head, records, lasting, changed, journal, facts)
  redis.call('HSET', head, 'format', ARGV[6], 'epoch', math.max(epoch + 1, tonumber(now[1])),
    'sequence', 0, 'recorded', 0, 'clearings', 0, 'swept', 0, 'changes', '{}',
    'journal_size', 0)
end
local sequence = tonumber(redis.call('HGET', head, 'sequence'))
local swept = tonumber(redis.call('HGET', head, 'swept'))
if ARGV[3] ~= '' then
  redis.call('UNLINK', records, changed, journal)
  swept = sequence
  redis.call('HSET', head, 'epoch', ARGV[3], 'changes', ARGV[4], 'recorded', 0,
    'journal_size', 0)
end
if ARGV[5] ~= '0' then
  redis.call('UNLINK', journal)
  redis.call('HSET', head, 'recorded', 0, 'journal_size', 0)
  redis.call('HINCRBY', head, 'clearings', ARGV[5])
end
local place = 10
for i = place, place + 2 * tonumber(ARGV[9]) - 1, 2 do
  redis.call('HSET', facts, ARGV[i], ARGV[i + 1])
end
for i = place + 2 * tonumber(ARGV[9]), #ARGV, 2 do
  local field, value = ARGV[i], ARGV[i + 1]
  local hash = records
  if string.sub(field, 1, #ARGV[7]) == ARGV[7] then hash = lasting end
  sequence = sequence + 1
  local old = redis.call('HGET', hash, field)
  redis.call('HSET', hash, field, (old and string.match(old, '^%d+') or sequence) .. ' ' .. value)
  redis.call('ZADD', changed, sequence, field)
end
local kept = tonumber(ARGV[8])
if sequence > swept + 2 * kept then
  swept = sequence - kept
  for _, field in ipairs(redis.call('ZRANGEBYSCORE', changed, '-inf', swept)) do
    for _, hash in ipairs({records, lasting}) do
      local old = redis.call('HGET', hash, field)
      if old and string.match(old, '^%d+ 0%-') then redis.call('HDEL', hash, field) end
    end
  end
  redis.call('ZREMRANGEBYSCORE', changed, '-inf', swept)
end
redis.call('HSET', head, 'sequence', sequence, 'swept', swept)
redis.call('HINCRBY', head, 'revision', 1)
redis.call('SET', done, sequence, 'PX', 60000)
redis.call('DEL', lock)
return tostring(sequence)
""")
"""Keys: head, records, lasting, changed, journal, facts, owner, lock, done. Arguments: 1 token,
2 the last moment in ms, 3 the new epoch or nothing, 4 its changes, 5 clearings of the journal, 6
the format if everything is removed first, 7 the prefix of tables that last, 8 removals that are
kept, 9 the number of facts, then names and values of facts, then fields and values of records.
Returns the last sequence number; nothing if the reservation was lost."""

DROP = _script("""
if redis.call('GET', KEYS[7]) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', unpack(KEYS))
""")
"""Keys: those of COMMIT. Arguments: token. Removes everything."""

PAGE = _script("""
local head = redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'recorded', 'clearings', 'swept',
  'changes')
if not head[1] then return redis.error_reply('MOCKSEIGONE') end
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT',
  0, ARGV[2])
local rows = {}
for i = 1, #found, 2 do
  local field = found[i]
  rows[#rows + 1] = field
  rows[#rows + 1] = redis.call('HGET', KEYS[3], field) or redis.call('HGET', KEYS[4], field)
    or '0 0-'
  rows[#rows + 1] = found[i + 1]
end
return {head, rows}
""")
"""Keys: head, changed, records, lasting. Arguments: a sequence number, how many. Returns the head
with ``swept`` and ``changes``, and field, value and sequence number of what changed next."""

ADD_ENTRIES = _script("""
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local head = redis.call('HMGET', KEYS[1], 'epoch', 'recorded', 'journal_size')
if not head[1] then return redis.error_reply('MOCKSEIGONE') end
local recorded, size = tonumber(head[2]), tonumber(head[3])
for i = 3, #ARGV, 2 do
  if ARGV[i] == head[1] then
    redis.call('RPUSH', KEYS[2], ARGV[i + 1])
    recorded, size = recorded + 1, size + #ARGV[i + 1]
  end
end
local count = redis.call('LLEN', KEYS[2])
while count > 0 and (count > tonumber(ARGV[1]) or size > tonumber(ARGV[2])) do
  size = size - #redis.call('LPOP', KEYS[2])
  count = count - 1
end
redis.call('HSET', KEYS[1], 'recorded', recorded, 'journal_size', size)
redis.call('HINCRBY', KEYS[1], 'revision', 1)
redis.call('SET', KEYS[3], 1, 'PX', 60000)
return 1
""")
"""Keys: head, journal, done. Arguments: the most entries, the most bytes, then epoch and text of
each entry."""

ENTRIES = _script("""
local recorded = redis.call('HGET', KEYS[1], 'recorded')
if not recorded then return redis.error_reply('MOCKSEIGONE') end
local count = math.min(recorded - ARGV[1], tonumber(ARGV[2]), redis.call('LLEN', KEYS[2]))
if count <= 0 then return {recorded, {}} end
return {recorded, redis.call('LRANGE', KEYS[2], -count, -1)}
""")
"""Keys: head, journal. Arguments: a number, how many. Returns the newest number and entries."""

BEAT = _script("""
local now = redis.call('TIME')[1]
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
""")
"""Keys: servers. Arguments: a server's name, seconds. Notes that the server is there."""

SNAPSHOT = _script("""
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]),
  redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4]),
  redis.call('LRANGE', KEYS[5], 0, -1)}
""")
"""Keys: head, facts, records, lasting, journal. Returns all that they have."""

PUT_IN_PLACE = _script("""
local own = (#KEYS - 3) / 2
local servers, owner, lock = KEYS[2 * own + 1], KEYS[2 * own + 2], KEYS[2 * own + 3]
local since = redis.call('TIME')[1] - ARGV[1]
if redis.call('ZCOUNT', servers, '(' .. since, '+inf') > 0 then return 'used' end
for i = 2, own do
  if ARGV[2] == '0' and redis.call('EXISTS', KEYS[i]) == 1 then return 'there' end
end
for i = 1, own do
  redis.call('UNLINK', KEYS[i])
  if redis.call('EXISTS', KEYS[own + i]) == 1 then
    redis.call('RENAME', KEYS[own + i], KEYS[i])
    redis.call('PERSIST', KEYS[i])
  end
end
redis.call('UNLINK', owner, lock)
return 'done'
""")
"""Keys: those of a state, the head first; in the same order those that take their place; servers,
owner, lock. Arguments: the seconds in which a server counts as there, 1 if a state may be replaced.
Returns ``used``, ``there`` or ``done``."""
