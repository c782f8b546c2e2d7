"""Hooks, the loader that survives a broken plug-in, and the industry packs we ship."""
