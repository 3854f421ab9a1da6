"""The dashboard: pages that look at studies through the engine's public names."""
