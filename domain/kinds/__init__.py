"""The kinds of components of a plan, one file each: what it says, and the lines it becomes."""
