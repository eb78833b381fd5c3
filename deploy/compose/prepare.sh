#!/bin/sh
# Draws the secrets of the Compose file and writes its .env. What is there stays as it is, so running it again is harmless.
#
#   sh prepare.sh
set -eu
cd "$(dirname "$0")"
umask 077

# COUNT letters and digits.
draw() {
    drawn=
    while [ "${#drawn}" -lt "$1" ]; do
        drawn=$drawn$(head -c 64 /dev/urandom | base64 | tr -dc 'A-Za-z0-9')
    done
    printf '%.*s' "$1" "$drawn"
}

# NAME TEXT: a secret, unless it is there.
keep() {
    [ -e "secrets/$1" ] || printf '%s\n' "$2" > "secrets/$1"
}

# The folder is its owner's alone. Its files are mounted one by one, and each is read by another user in its container.
mkdir -p secrets
chmod 0700 secrets
keep postgres_password "$(draw 32)"
keep redis_password "$(draw 32)"
keep encryption_key "$(head -c 32 /dev/urandom | base64)"
keep informer_api_token "$(draw 40)"
keep report_server_secret "cs_$(draw 32)"
keep database_url "postgres://oauth:$(cat secrets/postgres_password)@postgres:5432/oauth?sslmode=disable"
keep cache_url "redis://:$(cat secrets/redis_password)@redis:6379/0"

# informer-oauth runs as whoever owns its secrets. Root does not run it.
user=$(id -u):$(id -g)
if [ "$(id -u)" = 0 ]; then
    user=10001:10001
fi
for name in database_url cache_url encryption_key informer_api_token report_server_secret; do
    if [ "$(id -u)" = 0 ]; then
        chown "$user" "secrets/$name"
    fi
    chmod 0400 "secrets/$name"
done
chmod 0444 secrets/postgres_password secrets/redis_password

if [ ! -e .env ]; then
    sed -e "s|^INFORMER_OAUTH_USER=\$|&$user|" \
        -e "s|^FAKE_INFORMER_API_TOKEN=\$|&$(cat secrets/informer_api_token)|" \
        .env.example > .env
fi
