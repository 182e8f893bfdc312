"""Times the main jobs on the local cloud beside what people would use instead."""
