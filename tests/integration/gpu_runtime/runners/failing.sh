# Fails, and says why.
echo "out of memory" >&2
exit 3
