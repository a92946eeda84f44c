"""Pictures and videos on disk: write, check and read them; nothing heavy is imported here."""
