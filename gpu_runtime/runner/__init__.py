"""The process that trains: `python -m gpu_runtime.runner RUN_DIR`, started and stopped by the guard."""
