#!/bin/sh
# Healthy: every address of the stack is published, says what watches the daemon (watch.sh, or the connector's
# launcher), and the command that the arguments are, if any, succeeds. Prints what is waited for, in which no address
# occurs.
exec 2>/dev/null

# Whether something has written lately. It writes every five seconds; a file that is being written is empty for a
# moment.
fresh() {
  read -r written published waiting </tmp/published || read -r written published waiting </tmp/published
  read -r now _ </proc/uptime
  [ $((${now%.*} - written)) -lt 60 ]
}

if [ ! -e /tmp/published ]; then
  echo "the daemon is being started"
  exit 1
fi
# A host that was asleep has both of them late: the watcher gets a moment.
if ! fresh && { sleep 6; ! fresh; }; then
  echo "nothing watches the daemon; it starts again"
  kill -TERM 1
  exit 1
fi
if [ "$published" != yes ]; then
  echo "$waiting"
  exit 1
fi
[ $# -eq 0 ] || exec "$@"
