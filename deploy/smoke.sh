#!/bin/sh
# Is a deployment of informer-oauth well, seen from outside? POSIX sh and curl, nothing else; it changes nothing, except that with
# a user's name it signs in, gets a token and gives it back.
#
#   smoke.sh [OPTION]… ISSUER
#
#   --service URL       where a replica itself answers, behind the proxy: its readiness is asked too
#   --no-proxy          ISSUER is the service itself: the gate is asked directly
#   --client-id ID      the public or confidential client of the token path [Informer CLI]
#   --user NAME         walk the token path as this user: sign in, allow a device, refresh, call the gate, revoke
#   --device            walk it with somebody at a browser: the code and the address are printed
#   --timeout SECONDS   how long one request may take [10]
#
# Secrets come from the environment, where no process list shows them:
#
#   SMOKE_PASSWORD       the user's password, or SMOKE_PASSWORD_FILE
#   SMOKE_COOKIE         instead of --user: the cookie of somebody who is signed in, as `name=value`
#   SMOKE_CLIENT_SECRET  the client's secret, if it has one, or SMOKE_CLIENT_SECRET_FILE
#   CURL_CA_BUNDLE       PEM certificates, if the proxy's is not one that the system trusts
#
# One line for each check. Exit code 0: all is well; 1: something is not; 2: it was misused.
set -u

usage() {
    sed -n '2,/^set -u/{ /^#/s/^# \{0,1\}//p; }' "$0" >&2
    exit 2
}

issuer='' service='' proxy=yes user='' device=no timeout=10
client=a6bd8f0f72b2c3275ff6
while [ "$#" -gt 0 ]; do
    case $1 in
    --no-proxy) proxy=no ;;
    --device) device=yes ;;
    --service | --client-id | --user | --timeout)
        [ "$#" -gt 1 ] || usage
        case $1 in
        --service) service=${2%/} ;;
        --client-id) client=$2 ;;
        --user) user=$2 ;;
        --timeout) timeout=$2 ;;
        esac
        shift
        ;;
    -*) usage ;;
    *)
        [ -z "$issuer" ] || usage
        issuer=$1
        ;;
    esac
    shift
done
[ -n "$issuer" ] || usage
command -v curl > /dev/null || {
    echo "smoke.sh: curl is missing" >&2
    exit 2
}

# NAME: the variable, or what is in the file that NAME_FILE names.
secret() {
    eval "secret_text=\${$1:-} secret_file=\${$1_FILE:-}"
    if [ -z "$secret_text" ] && [ -n "$secret_file" ]; then
        secret_text=$(cat "$secret_file") || exit 2
    fi
    printf '%s' "$secret_text"
}
password=$(secret SMOKE_PASSWORD) || exit 2
client_secret=$(secret SMOKE_CLIENT_SECRET) || exit 2
cookie=${SMOKE_COOKIE:-}

folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
body=$folder/body head=$folder/head jar=$folder/jar form=$folder/form
: > "$jar"

passed=0 failed=0
well() {
    passed=$((passed + 1))
    printf 'ok    %s\n' "$1"
}
bad() {
    failed=$((failed + 1))
    printf 'FAIL  %s: %s\n' "$1" "$2"
}

# ARGUMENT…: one request; its status is in $status, 000 when there was no answer.
ask() {
    : > "$body"
    : > "$head"
    status=$(curl --silent --max-time "$timeout" --output "$body" --dump-header "$head" --write-out '%{http_code}' "$@" 2> "$folder/error")
    [ -n "$status" ] || status=000
}

# URL NAME=VALUE… [-- ARGUMENT…]: one request with a form. It goes through a file: a process list shows arguments.
post() {
    url=$1
    shift
    : > "$form"
    while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
        field "$1"
        shift
    done
    send "$url" "$@"
}
field() {
    [ ! -s "$form" ] || printf '&' >> "$form"
    printf '%s=' "${1%%=*}" >> "$form"
    encode "${1#*=}" >> "$form"
}
send() {
    url=$1
    shift
    [ "$#" -eq 0 ] || shift
    ask --data-binary "@$form" "$@" "$url"
}

# Percent-encodes what is not unreserved (RFC 3986, section 2.3), byte by byte.
# shellcheck disable=SC2059 # an octal escape is a format
encode() {
    printf '%s' "$1" | od -An -v -tx1 | tr -s ' ' '\n' | while read -r byte; do
        case $byte in
        '') ;;
        2d | 2e | 5f | 7e | 3[0-9] | 4[1-9a-f] | 5[0-9a] | 6[1-9a-f] | 7[0-9a]) printf "\\$(printf '%03o' "0x$byte")" ;;
        *) printf '%%%s' "$byte" ;;
        esac
    done
}

# NAME: the text of a member of the JSON in $body. Enough for flat objects; answers of OAuth are such.
member() {
    tr -d '\n' < "$body" | sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'
}

# NAME: a header of the answer.
header() {
    tr -d '\r' < "$head" | awk -F': ' -v name="$1" 'tolower($1) == name { sub(/^[^:]*: */, ""); print; exit }'
}

said() {
    if [ "$status" = 000 ]; then
        printf 'no answer (%s)' "$(tail -n 1 "$folder/error")"
    else
        printf 'it answers %s %s' "$status" "$(head -c 200 "$body" | tr -d '\r\n')"
    fi
}

# NAME STATUS ERROR: whether the answer is this error of OAuth (RFC 6749, section 5.2), for nobody to keep.
is_error() {
    if [ "$status" != "$2" ] || [ "$(member error)" != "$3" ]; then
        bad "$1" "expected $2 $3, but $(said)"
    elif ! header cache-control | grep -q no-store; then
        bad "$1" "the answer may be kept: it has no Cache-Control: no-store"
    else
        well "$1"
    fi
}

# --- what everybody can see

scheme=${issuer%%://*}
rest=${issuer#*://}
host=${rest%%/*}
path=${rest#"$host"}
origin=$scheme://$host

ask "$origin/.well-known/oauth-authorization-server$path"
if [ "$status" != 200 ]; then
    bad metadata "$(said)"
elif [ "$(member issuer)" != "$issuer" ]; then
    bad metadata "it says that the issuer is \"$(member issuer)\", not \"$issuer\""
else
    well "metadata: $issuer answers for itself"
fi
token_endpoint=$(member token_endpoint)
device_endpoint=$(member device_authorization_endpoint)
authorization_endpoint=$(member authorization_endpoint)
introspection_endpoint=$(member introspection_endpoint)
revocation_endpoint=$(member revocation_endpoint)
jwks_uri=$(member jwks_uri)
for endpoint in "$token_endpoint" "$device_endpoint" "$authorization_endpoint" "$introspection_endpoint" "$revocation_endpoint" "$jwks_uri"; do
    case $endpoint in
    "$issuer"/*) ;;
    *)
        bad endpoints "\"$endpoint\" is not below the issuer"
        printf '%s passed, %s failed\n' "$passed" "$failed"
        exit 1
        ;;
    esac
done
well 'endpoints: all are below the issuer'

ask "$jwks_uri"
if [ "$status" != 200 ] || ! grep -q '"crv" *: *"P-256"' "$body"; then
    bad 'public keys' "$(said)"
elif grep -q '"d" *:' "$body"; then
    bad 'public keys' 'A PRIVATE KEY IS AMONG THEM'
else
    well "public keys: $(grep -o '"kid"' "$body" | wc -l | tr -d ' ') of them"
fi

if [ -n "$service" ]; then
    ask "$service/health/live"
    if [ "$status" = 200 ]; then well 'live'; else bad live "$(said)"; fi
    ask "$service/health/ready"
    if [ "$status" = 200 ]; then well "ready: $(tr -d '\n' < "$body")"; else bad ready "$(said)"; fi
fi

# --- the gate: what no token opens

# TOKEN: asks for the list of data sets with it.
gate() {
    # The token goes through a file, as passwords do.
    printf 'header = "Authorization: Bearer %s"\n' "$1" > "$folder/bearer"
    if [ "$proxy" = yes ]; then
        ask --config "$folder/bearer" "$origin/api/datasets-list"
    else
        ask --config "$folder/bearer" --header 'X-Original-Method: GET' --header 'X-Original-URI: /api/datasets-list' "$issuer/oauth/verify"
    fi
}

# TEXT: base64url.
encoded() { printf '%s' "$1" | base64 | tr '+/' '-_' | tr -d '=\n'; }

# Tokens that claim to be this service's. Others are left to Informer.
claims=$(encoded "{\"iss\":\"$issuer\",\"sub\":\"admin\",\"scope\":\"write:global\"}")
for jose in '{"typ":"at+jwt","alg":"none"}' '{"typ":"at+jwt","alg":"ES256","kid":"x"}' '{"typ":"at+jwt","alg":"HS256"}'; do
    forged="$(encoded "$jose").$claims."
    gate "$forged"
    if [ "$status" != 401 ] || ! header www-authenticate | grep -q 'error="invalid_token"'; then
        bad 'gate' "a forged token must be refused with 401 and a challenge, but $(said)"
        forged=
        break
    fi
done
[ -z "$forged" ] || well 'gate: forged tokens are refused'

# --- how mistakes are answered

post "$token_endpoint"
is_error 'token endpoint without a grant type' 400 invalid_request
post "$token_endpoint" grant_type=password "client_id=00000000000000000000" username=x password=x
is_error 'token endpoint with a grant type that is none' 400 unsupported_grant_type
post "$token_endpoint" grant_type=authorization_code client_id=00000000000000000000 code=x
is_error 'token endpoint for a client that is none' 401 invalid_client
post "$introspection_endpoint" token=x
is_error 'introspection without a client' 401 invalid_client

ask "$authorization_endpoint?response_type=code&client_id=00000000000000000000&redirect_uri=https%3A%2F%2Fattacker.example%2F"
if [ "$status" = 400 ] && [ -z "$(header location)" ]; then
    well 'authorization for a client that is none: an error page, and no redirect'
else
    bad 'authorization for a client that is none' "expected a page with 400, but $(said) $(header location)"
fi

ask "$issuer/api/oauth-clients"
if [ "$status" = 401 ]; then well 'management without a sign-in: 401'; else bad 'management without a sign-in' "$(said)"; fi

# --- the whole way of a token

# Signs in: at the page of informer-oauth itself, or at Informer's that it leads to. The session is in the jar then.
sign_in() {
    # A path below the issuer that leads to a sign-in, wherever that is.
    landing=$issuer/oauth/device
    page=$(curl --silent --max-time "$timeout" --cookie "$jar" --cookie-jar "$jar" --location --max-redirs 5 --output "$body" --write-out '%{url_effective}' "$landing" 2> "$folder/error")
    action=$(tr '\n' ' ' < "$body" | sed -n 's/.*<form[^>]*action="\([^"]*\)".*/\1/p' | sed 's/&amp;/\&/g')
    case $action in
    '') target=$page ;;
    *://*) target=$action ;;
    /*) target=$origin$action ;;
    *) target=${page%/*}/$action ;;
    esac
    # What the form has hidden goes along.
    tr '\n' ' ' < "$body" | sed 's/<input/\
<input/g' | sed -n '/type="hidden"/s/.*name="\([^"]*\)".*value="\([^"]*\)".*/\1=\2/p' |
        sed 's/&#x2[Ff];/\//g; s/&#x3[Dd];/=/g; s/&#47;/\//g; s/&#61;/=/g; s/&#43;/+/g; s/&amp;/\&/g' > "$folder/hidden"
    : > "$form"
    while IFS= read -r line; do
        field "$line"
    done < "$folder/hidden"
    field "username=$user"
    field "password=$password"
    send "$target" -- --cookie "$jar" --cookie-jar "$jar" --header "Origin: $origin"
    case $status in
    30[237]) return 0 ;;
    esac
    return 1
}

# URL NAME=VALUE…: one request of the client, which says who it is.
as_client() {
    if [ -n "$client_secret" ]; then
        post "$@" "client_id=$client" "client_secret=$client_secret"
    else
        post "$@" "client_id=$client"
    fi
}

walk() {
    as_client "$device_endpoint"
    device_code=$(member device_code)
    user_code=$(member user_code)
    if [ "$status" != 200 ] || [ -z "$device_code" ] || [ -z "$user_code" ]; then
        bad 'device authorization' "$(said)"
        return
    fi
    well 'device authorization: a code to enter'

    exchange() {
        as_client "$token_endpoint" grant_type=urn:ietf:params:oauth:grant-type:device_code "device_code=$device_code"
    }

    if [ "$device" = yes ]; then
        printf '      enter %s at %s\n' "$user_code" "$issuer/oauth/device"
        tries=0
        while :; do
            sleep 5
            exchange
            tries=$((tries + 1))
            case $(member error) in
            authorization_pending | slow_down) [ "$tries" -lt 60 ] || break ;;
            *) break ;;
            esac
        done
    else
        if [ -n "$cookie" ]; then
            printf 'header = "Cookie: %s"\n' "$cookie" > "$folder/session"
        else
            if ! sign_in; then
                bad 'sign-in' "$user cannot sign in: $(said)"
                return
            fi
            well "sign-in: as $user"
            printf 'cookie = "%s"\n' "$jar" > "$folder/session"
        fi
        ask --config "$folder/session" --header "Origin: $origin" --header 'Content-Type: application/json' \
            --data "{\"user_code\":\"$user_code\",\"approve\":true}" "$issuer/api/oauth/authorize_device"
        if [ "$status" != 204 ]; then
            bad 'allowing the device' "$(said)"
            return
        fi
        well 'allowing the device'
        exchange
    fi
    access=$(member access_token)
    refresh=$(member refresh_token)
    if [ "$status" != 200 ] || [ -z "$access" ]; then
        bad token "$(said)"
        return
    fi
    well "token: of the scope $(member scope)"

    gate "$access"
    case $status in
    401 | 000 | 5??) bad 'gate with the token' "$(said)" ;;
    *) well "gate with the token: $status" ;;
    esac

    if [ -n "$refresh" ]; then
        as_client "$token_endpoint" grant_type=refresh_token "refresh_token=$refresh"
        next=$(member access_token)
        last=$(member refresh_token)
        if [ "$status" = 200 ] && [ -n "$next" ] && [ "$last" != "$refresh" ]; then
            well 'refresh: new tokens'
            access=$next refresh=$last
        else
            bad refresh "$(said)"
        fi
    fi

    as_client "$revocation_endpoint" "token=${refresh:-$access}"
    if [ "$status" != 200 ]; then
        bad revocation "$(said)"
        return
    fi
    # Every replica knows within a second.
    tries=0
    gate "$access"
    while [ "$status" != 401 ] && [ "$tries" -lt 3 ]; do
        sleep 1
        tries=$((tries + 1))
        gate "$access"
    done
    if [ "$status" = 401 ]; then well 'revocation: the token opens nothing any more'; else bad revocation "the token still works: $(said)"; fi
}

if [ -n "$user" ] || [ -n "$cookie" ] || [ "$device" = yes ]; then
    walk
fi

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
