#!/bin/sh
# `start.sh GRACE` starts the daemon, but only under the stack's own address, and watch.sh beside it. A daemon with an
# empty or a foreign HiddenServiceDir, or of another version, would publish another address.
# `start.sh check FOLDER` only says whether the daemon would take the files of a folder, before a running one is removed
# for them; an invalid anonrc, or two keys for one address, end a daemon at its start. It prints why not, without an
# address.
# `start.sh managed HIDDENSERVICEDIR` makes the same checks but that of the version, and puts our anonrc where a
# connector that runs the daemon itself starts it from. The shell there is busybox's, and no `anon` is in PATH.
# Files in /etc/town-ator: `identity` has a line for each published identity (number, SHA-256 of its secret key file,
# fingerprint); `authorized.NAME.auth` says who may find the service (none: everybody); `client.NAME.auth_private` is a
# key with which we find a peer; `suffix` is what an address has to end in.
set -eu
umask 077
files=/etc/town-ator
[ "$1" != check ] || files=$2

if [ "$1" != managed ]; then
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
fi

find_peers() {
  clients=/tmp/client-auth
  rm -rf $clients
  mkdir $clients
  for file in "$files"/client.*.auth_private; do
    [ -e "$file" ] || continue
    cp "$file" "$clients/${file#"$files"/client.}"
  done
}

if [ "$1" = check ]; then
  find_peers
  # What it includes is in a volume of the local network.
  grep -v '^%include ' "$files/anonrc" >/tmp/anonrc
  said=$(anon --defaults-anonrc /dev/null -f /tmp/anonrc --verify-config 2>&1) && exit
  echo "town-ator: anon --verify-config refuses the sidecar's new files; a running sidecar keeps its own"
  printf '%s\n' "$said" | sed -n 's/[a-z2-7]\{56\}/[address]/g; s/.*\[\(warn\|err\)\]/\1:/p'
  exit 1
fi

role=sidecar
[ "$1" != managed ] || role=connector
if [ -e /keys/daemon ] && ! grep -qx $role /keys/daemon; then
  echo "town-ator: another container serves the addresses; the daemon is not started" >&2
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

find_peers
if [ "$1" = managed ]; then
  cp -f $files/anonrc "$2/anonrc"
  exit
fi
# A connector in this container's network namespace has to know that there is a new one (runtime/launcher/namespace.ts).
# One with a namespace of its own has no volume there, and the root is read-only.
(cat /proc/sys/kernel/random/uuid >/data/started) 2>/dev/null || :
/bin/bash $files/watch.sh "$1" &
exec anon --defaults-anonrc /dev/null -f $files/anonrc
