"""Names against lists: pure Python over dataclasses, no Django.

Recall first (an inverted token index with a trigram index over its vocabulary), then exact scoring of at
most fifty candidates. A match is evidence, not a verdict: each explains which parts met, how far, and what
speaks for and against it.
"""
