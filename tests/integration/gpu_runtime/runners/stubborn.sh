# Ignores SIGTERM, and has a grandchild in a session of its own that does too.
cd "$1" || exit 1
trap '' TERM
(setsid sh -c 'trap "" TERM HUP; while :; do sleep 0.05; done' </dev/null >/dev/null 2>&1 &)
echo started
while :; do sleep 0.05; done
