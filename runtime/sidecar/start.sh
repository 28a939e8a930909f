#!/bin/sh
# Starts the daemon, but only under the stack's own address. A daemon with an empty or a foreign HiddenServiceDir, or of
# another version, would publish another one.
# Files in /etc/town-ator: `identity` has a line for each published identity (number, SHA-256 of its secret key file,
# fingerprint); `authorized.NAME.auth` says who may find the service (none: everybody); `client.NAME.auth_private` is a
# key with which we find a peer; `suffix` is what an address has to end in.
set -eu
umask 077
files=/etc/town-ator

# 0.4.9.7 appends .onion, 0.4.9.11 .anon, 0.4.10.2 .anyone, and their checksums differ with that.
version=$(anon --version | sed -n '1s/.* version \([0-9.]*[0-9]\).*/\1/p')
case $version in
  0.[0-3].* | 0.4.[0-8].* | 0.4.9.[0-7]) appends=onion ;;
  0.4.9.*) appends=anon ;;
  *) appends=anyone ;;
esac
read -r suffix <$files/suffix
if [ "$suffix" != "$appends" ]; then
  echo "town-ator: anon $version makes addresses that end in .$appends, and town-ator:suffix says .$suffix; the daemon is not started" >&2
  exit 1
fi

while read -r number expected fingerprint; do
  hs=/keys/hs-$number
  found=$(sha256sum "$hs/hs_ed25519_secret_key" 2>/dev/null | cut -d' ' -f1)
  if [ "$found" != "$expected" ]; then
    echo "town-ator: the key volume does not hold the identity $fingerprint of the stack's state; the daemon is not started" >&2
    exit 1
  fi
  rm -rf "$hs/authorized_clients"
  for file in "$files"/authorized.*.auth; do
    [ -e "$file" ] || continue
    mkdir -p "$hs/authorized_clients"
    cp "$file" "$hs/authorized_clients/${file#"$files"/authorized.}"
  done
done <$files/identity

clients=/tmp/client-auth
rm -rf $clients
mkdir $clients
for file in "$files"/client.*.auth_private; do
  [ -e "$file" ] || continue
  cp "$file" "$clients/${file#"$files"/client.}"
done

# When the relays of a local network were last started; health.sh compares.
if [ -e /network/started ]; then cp /network/started /tmp/started; fi

exec anon --defaults-anonrc /dev/null -f $files/anonrc
