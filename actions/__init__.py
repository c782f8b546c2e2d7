"""Everything that changes the world, one file per deed; each deed is one transaction."""
