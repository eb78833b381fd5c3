#!/bin/sh
# Empties the crates below DIRECTORY: their manifests stay, their libraries are empty, their programs and benches do nothing. What
# is built of that are the dependencies, and nothing else.
#
#   hollow.sh DIRECTORY
set -eu

directory=$1

find "$directory" -type f -not -name Cargo.toml -not -path '*/src/lib.rs' -not -path '*/src/main.rs' -not -path '*/src/bin/*.rs' -not -path '*/benches/*/main.rs' -delete
find "$directory" -type d -empty -delete
find "$directory" -name '*.rs' | while read -r source; do
    case $source in
    */src/lib.rs) : > "$source" ;;
    *) echo 'fn main() {}' > "$source" ;;
    esac
done
