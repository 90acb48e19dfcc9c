"""Readers of lists: a file in, entries out, or a refusal that says where and why. No Django here.

Each format is one module with ``read(path) -> ListDocument``; ``formats.open_list`` picks it by content.
"""
