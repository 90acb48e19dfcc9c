"""Training operations behind one registry: a checked function, its specification, and its implementations.

Needs torch alone. Import an operation from its own folder (`from kernels.rope import rope`), or go over
all of them through `kernels.registry`.
"""
