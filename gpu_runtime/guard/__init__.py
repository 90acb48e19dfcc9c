"""The guard: one small process for each attempt on a host.

It checks every warrant itself, holds the lease's timer, starts the runner and kills it. It has no secret,
speaks to nobody but the agent on the same host, and outlives the agent's crash.
"""
