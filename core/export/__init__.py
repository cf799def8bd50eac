"""What a run was told, for use without the studio: its whole configuration, and a plain script that trains the same."""
