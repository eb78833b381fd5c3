#!/bin/sh
# Lays out the root of an image, DESTINATION, for a program that is linked to glibc: the loader, the libraries that the
# program names, whom TLS trusts, how names are found, one user, and a folder of that user's own.
#
#   root.sh DESTINATION PROGRAM
set -eu

destination=$1
program=$2
user=10001

mkdir -p "$destination/etc/ssl/certs" "$destination/tmp" "$destination/usr/local/bin" "$destination/var/lib/informer-oauth"
chmod 1777 "$destination/tmp"

# `ldd` prints `name => /path (0x…)`, and the loader as `/path (0x…)`. A link is followed: the file stands under the name
# that is asked for.
ldd "$program" | sed -n 's|^[^/]*\(/[^ ]*\) (0x[0-9a-f]*)$|\1|p' | while read -r library; do
    mkdir -p "$destination$(dirname "$library")"
    cp -L "$library" "$destination$library"
done
[ -n "$(find "$destination" -name 'libc.so.*')" ] || {
    echo "root.sh: $program names no C library" >&2
    exit 1
}

cp -L /etc/ssl/certs/ca-certificates.crt "$destination/etc/ssl/certs/ca-certificates.crt"
echo 'hosts: files dns' > "$destination/etc/nsswitch.conf"
echo "informer-oauth:x:$user:$user:informer-oauth:/var/lib/informer-oauth:/nonexistent" > "$destination/etc/passwd"
echo "informer-oauth:x:$user:" > "$destination/etc/group"

# Whose database it will be.
chown "$user:$user" "$destination/var/lib/informer-oauth"
chmod 0700 "$destination/var/lib/informer-oauth"
