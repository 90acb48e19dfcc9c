"""The host agent: enrols a host, tells of its devices, claims attempts and carries their guards' renewals.

It holds the host's key and no other credential, decides nothing about a job, and may crash at any moment:
the guards go on, and the next agent finds them.
"""

VERSION = "0.1.0"
