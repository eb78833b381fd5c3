# Runs a throwaway Postgres until nobody needs it any more, then removes it: also when the tests were killed.
#
# $1: its folder; $2: the `postgres` program; $3: until when, "told" (standard input ends) or "used" (nobody has had a
# lock on the file `used` beside the folder for ten seconds); the rest: further arguments.
# Told, it takes the words stop, crash, start, freeze and thaw, one a line, and answers each with "done".
folder=$1 postgres=$2 until=$3
shift 3

run() {
    "$postgres" -D "$folder/data" "$@" >>"$folder/log" 2>&1 </dev/null &
    server=$!
}

# The server's processes: the first one, which makes the others, before those.
signal() {
    kill "-$1" "$server" 2>/dev/null
    for child in $(cat "/proc/$server/task/$server/children" 2>/dev/null || pgrep -P "$server"); do
        kill "-$1" "$child" 2>/dev/null
    done
}

end() {
    signal CONT
    kill -QUIT "$server" 2>/dev/null
    wait "$server"
    rm -rf "$folder"
}

run "$@"
if [ "$until" = told ]; then
    while read -r word; do
        case $word in
        stop) kill -INT "$server"; wait "$server" ;;
        crash) kill -QUIT "$server"; wait "$server" ;;
        start) run "$@" ;;
        freeze) signal STOP ;;
        thaw) signal CONT ;;
        esac
        echo "done"
    done
    end
else
    exec 9<"$folder/../used"
    free=0
    while [ "$free" -lt 10 ] && kill -0 "$server" 2>/dev/null; do
        sleep 1
        if flock -n -x 9; then
            free=$((free + 1))
            [ "$free" -lt 10 ] && flock -u 9
        else
            free=0
        fi
    done
    # Who comes now waits for the lock, and finds no address.
    rm -f "$folder/../address"
    end
fi
