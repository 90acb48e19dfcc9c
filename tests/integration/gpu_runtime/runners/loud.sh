# Writes more than a log may hold.
cd "$1" || exit 1
yes "a line of the log" | head -c 12000000
