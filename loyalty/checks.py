"""Start-up checks (being written)."""
