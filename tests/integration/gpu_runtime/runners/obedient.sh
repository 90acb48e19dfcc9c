# Trains until told to stop; then "writes a checkpoint" and leaves with 75.
cd "$1" || exit 1
trap 'echo "{\"kind\":\"checkpoint\",\"step\":2,\"name\":\"step_00000002\",\"manifest_sha256\":\"00\",\"size_bytes\":9}" >> metrics.jsonl; echo stopping; exit 75' TERM
echo started
echo '{"kind":"train","step":1,"loss":2.5,"tokens_per_s":10.0}' >> metrics.jsonl
while :; do sleep 0.05; done
