"""A preview in the words of a swarm, for the comment of a pull request."""
