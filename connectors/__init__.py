"""Sources outside: the contract a connector keeps and the connectors we ship."""
