# Done at once, with a receipt; leaves a process behind.
cd "$1" || exit 1
(setsid sleep 600 </dev/null >/dev/null 2>&1 &)
echo '{"step":1,"loss":1.0}' >> metrics.jsonl
echo '{"steps":1}' > receipt.json
echo done
