#!/bin/sh
# Starts Redis with a password from a file, which no other process sees, and with what informer-oauth needs of it: nothing is
# forgotten early, and a restart brings back all but the last second.
set -eu
umask 077

{
    cat <<'CONF'
bind * -::*
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory 128mb
maxmemory-policy noeviction
CONF
    printf 'requirepass %s\n' "$(cat "${PASSWORD_FILE:-/run/secrets/redis_password}")"
} > /tmp/redis.conf

exec redis-server /tmp/redis.conf
