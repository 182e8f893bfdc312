"""A picture of a swarm: zones, machines, rules and networks, as Mermaid and as SVG."""
