"""Parts of a tab with their own components and events."""
