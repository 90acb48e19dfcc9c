# Says what it sees: its environment, its rights, its processes, the folder it must not see.
cd "$1" || exit 1
env
grep -E '^(Cap|NoNewPrivs|Uid)' /proc/self/status
ulimit -c
ls /proc | grep -c '^[0-9]'
ls "$1/../../private" 2>&1
ls -l /proc/self/fd
