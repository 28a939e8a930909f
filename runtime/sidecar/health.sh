#!/bin/bash
# Healthy: the daemon serves every identity of the stack and holds the descriptor that it publishes for it.
# Prints nothing: docker inspect keeps what a health check prints.
exec 2>/dev/null
# When the relays of a local network restart, they forget their descriptors, and nothing tells the daemon. A daemon that
# restarts publishes at once.
if [ -e /network/started ] && [ "$(</network/started)" != "$(</tmp/started)" ]; then
  kill -TERM 1
  exit 1
fi
cookie=$(od -An -v -tx1 /var/lib/anon/control_auth_cookie | tr -d ' \n') || exit 1
identities=0
while read -r number _ fingerprint; do
  read -r address </keys/hs-"$number"/hostname || exit 1
  [ "$(printf %s "$address" | sha256sum | cut -c1-16 | sed 's/..../&-/g; s/-$//')" = "$fingerprint" ] || exit 1
  exec 3<>/dev/tcp/127.0.0.1/9051 || exit 1
  printf 'AUTHENTICATE %s\r\nGETINFO hs/service/desc/id/%s\r\nQUIT\r\n' "$cookie" "${address%%.*}" >&3
  grep -q '^250+hs/service/desc/id/' <&3 || exit 1
  exec 3>&-
  identities=$((identities + 1))
done </etc/town-ator/identity
[ $identities -gt 0 ]
