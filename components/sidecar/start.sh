#!/bin/sh
# Starts the daemon, but never with another identity than the stack's: given an empty or a foreign HiddenServiceDir it would publish another address.
# /etc/town-ator/identity: the SHA-256 of the secret key file, then the address's fingerprint.
set -eu
{ read -r expected; read -r fingerprint; } </etc/town-ator/identity
found=$(sha256sum /keys/hs/hs_ed25519_secret_key 2>/dev/null | cut -d' ' -f1)
if [ "$found" != "$expected" ]; then
  echo "town-ator: the key volume does not hold the identity $fingerprint of the stack's state; the daemon is not started" >&2
  exit 1
fi
exec anon --defaults-anonrc /dev/null -f /etc/town-ator/anonrc
