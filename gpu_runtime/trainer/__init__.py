"""The built-in training: a byte-level transformer on text, built on `kernels`.

`gpu_runtime.trainer.config` imports without torch, so that job files can be validated where there is none.
"""
