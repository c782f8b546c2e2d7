"""GraphQL over HTTP: who asks, what they may see, how it looks."""
