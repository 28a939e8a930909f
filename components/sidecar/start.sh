#!/bin/sh
# Starts the daemon, but never with another identity than the stack's: given an empty or a foreign HiddenServiceDir it would publish another address.
# /etc/town-ator/identity has a line for each identity that is published: its number, the SHA-256 of its secret key file, its fingerprint. Beside it lie authorized.NAME.auth, who
# may find the service (none: everybody), and client.NAME.auth_private, with what we find peers.
set -eu
umask 077
files=/etc/town-ator

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

exec anon --defaults-anonrc /dev/null -f $files/anonrc
