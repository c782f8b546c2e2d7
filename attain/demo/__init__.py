"""The demo company: export files of its systems, made up deterministically, and how to read them."""
