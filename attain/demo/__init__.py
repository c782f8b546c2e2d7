"""The demo company: export files made up deterministically, and the documents to read them."""
