# Writes down when it lives, where the host's own records are kept, until its work is done or it is told to stop.
R="$(dirname "$(dirname "$1")")/records/$(basename "$1")"
cd "$1" || exit 1
trap 'echo "stop $(date +%s.%N)" >> "$R"; exit 75' TERM
echo "start $(date +%s.%N)" >> "$R"
n=0
while [ "$n" -lt 16 ]; do echo "beat $(date +%s.%N)" >> "$R"; sleep 0.25; n=$((n + 1)); done
echo "done $(date +%s.%N)" >> "$R"
