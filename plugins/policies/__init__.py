"""Policy packs: what the law of a place lets be taken back from pay. Data, read and never run."""
