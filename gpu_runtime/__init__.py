"""What runs on a GPU host: agent, guard, launchers, runner. Nothing here imports Django or an app."""
