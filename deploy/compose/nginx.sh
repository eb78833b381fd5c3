#!/bin/sh
# Starts nginx, as nobody in particular and on a root that cannot be written to, with the site that deploy/nginx ships: only
# its addresses and its name are replaced.
set -eu

# The issuer's host.
host=${INFORMER_OAUTH_ISSUER:-http://localhost}
host=${host#*://}
host=${host%%[:/]*}

sed -e "s/bi\.example\.com/$host/g" \
    -e 's/127\.0\.0\.1:3000/172.30.87.30:3000/g' \
    -e 's/127\.0\.0\.1:8787/172.30.87.20:8787/g' \
    -e 's/127\.0\.0\.1:8080/0.0.0.0:8080/g' \
    "${SITE:-/etc/informer-oauth/nginx/informer-oauth.conf}" > /tmp/site.conf

cat > /tmp/nginx.conf <<'CONF'
worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    access_log /dev/stdout;
    server_tokens off;
    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    include /tmp/site.conf;
}
CONF

exec nginx -c /tmp/nginx.conf -g 'daemon off;'
