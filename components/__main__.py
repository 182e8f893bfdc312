"""The package as a plugin: serves its components and resources to programs in any language."""

from pulumi_swarm.plugin import main

main()
