"""The leaderboard: stored records in, tables out. Nothing here imports torch, sklearn or a hub library."""
