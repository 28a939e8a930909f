#!/bin/bash
# Watches whether the daemon's addresses are published. Writes into /tmp/published, at least every five seconds: when
# (seconds since the host's boot), yes and the seconds since the address was uploaded that waits longest for its next
# upload, or no and what is waited for. health.sh and `make status` read it.
# An address is published once a directory has confirmed an upload of its descriptor (HS_DESC UPLOADED) since the
# daemon's start, for as long as the last upload is younger than 2.5 hours: the daemon uploads again after one to two
# hours (HS_SERVICE_NEXT_UPLOAD_TIME_MIN and _MAX of tor's hs_service.h). GETINFO hs/service/desc does not tell: the
# daemon has a descriptor before it tries the first upload, and still has it when every upload fails.
# `watch.sh GRACE` ends the daemon, so that Docker starts the container again, when an address has not been published
# for GRACE seconds, when another container is to serve the addresses, which start.sh then leaves to it, and when the
# relays of a local network have restarted: they have forgotten the descriptors, and nothing tells the daemon.
set -f
trap '' PIPE
grace=${1:?the seconds before another start}
stale=9000
declare -A address uploaded tried failure
progress="not started"

look_at_clock() {
  read -r now _ </proc/uptime
  now=${now%.*}
}

start_again() {
  echo "town-ator: $1; the daemon starts again" >&2
  kill -TERM 1
  sleep 10
  kill -KILL -1
}

# Takes one line of the control port.
hear() {
  local line=$1
  set -- $1
  case "$2 $3" in
    "HS_DESC UPLOAD") tried[$4]=$((${tried[$4]-0} + 1)) ;;
    "HS_DESC UPLOADED") uploaded[$4]=$now ;;
    "HS_DESC FAILED") [[ $line =~ REASON=([A-Z_]+) ]] && failure[$4]=", the last failure ${BASH_REMATCH[1]}" ;;
  esac
  if [[ $line =~ BOOTSTRAP\ PROGRESS=([0-9]+).*SUMMARY=\"([A-Za-z\ ,\(\)-]+)\" ]]; then
    progress="bootstrapped ${BASH_REMATCH[1]} %: ${BASH_REMATCH[2]}"
    [ "${BASH_REMATCH[1]}" != 100 ] || progress=
  fi
}

# Learns the address of an identity, once the daemon serves the one that belongs to the fingerprint.
find_address() { # number, fingerprint
  local found
  { read -r found <"/keys/hs-$1/hostname"; } 2>/dev/null || return
  [ "$(printf %s "$found" | sha256sum | cut -c1-16 | sed 's/..../&-/g; s/-$//')" = "$2" ] && address[$1]=${found%%.*}
}

# Sets `waiting` to what is waited for (empty: every address is published), and `oldest` to the age of the oldest
# upload.
look() {
  local number fingerprint key age
  waiting=
  oldest=0
  while read -r number _ fingerprint; do
    [ -n "${address[$number]-}" ] || find_address "$number" "$fingerprint"
    key=${address[$number]-none}
    age=$((now - ${uploaded[$key]-0}))
    [ $age -le $oldest ] || oldest=$age
    if [ -z "${uploaded[$key]-}" ]; then
      waiting="waiting until the descriptor of identity $number is uploaded"
      waiting+=" (${progress:-${tried[$key]-0} uploads tried, none confirmed${failure[$key]-}})"
    elif [ $age -ge $stale ]; then
      waiting="the descriptor of identity $number was last uploaded $((age / 60)) minutes ago"
    fi
  done </etc/town-ator/identity
  [ "$connected" = yes ] || waiting="the daemon's control port does not answer"
}

judge() {
  look_at_clock
  look
  if [ -z "$waiting" ]; then
    well=$now
    echo "$now yes $oldest" >/tmp/published
  else
    echo "$now no $waiting" >/tmp/published
    [ $((now - well)) -lt "$grace" ] || start_again "$waiting"
  fi
  local role=sidecar
  { read -r role </keys/daemon; } 2>/dev/null
  [ "$role" = sidecar ] || start_again "another container serves the addresses"
  local restarted=
  { read -r restarted </network/started; } 2>/dev/null
  [ "$restarted" = "$relays" ] || start_again "the relays have restarted"
}

connect() {
  local cookie
  cookie=$(od -An -v -tx1 /var/lib/anon/control_auth_cookie 2>/dev/null | tr -d ' \n')
  { exec 3<>/dev/tcp/127.0.0.1/9051; } 2>/dev/null || return
  printf '%s\r\n' "AUTHENTICATE $cookie" "SETEVENTS HS_DESC STATUS_CLIENT" "GETINFO status/bootstrap-phase" >&3
}

look_at_clock
well=$now
relays=
{ read -r relays </network/started; } 2>/dev/null
connected=no
while :; do
  judge
  connect && connected=yes || { sleep 0.5; continue; }
  partial=
  while :; do
    judge
    IFS= read -r -t 5 line <&3
    ended=$?
    partial+=$line
    [ $ended -lt 128 ] || continue
    [ $ended -eq 0 ] || break
    look_at_clock
    hear "${partial%$'\r'}"
    partial=
  done
  exec 3>&-
  connected=no
  sleep 0.5
done
