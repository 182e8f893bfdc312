module encrypted-across-azs

go 1.25

require (
	example.com/pulumi-swarm/sdk/go v0.0.0
	github.com/pulumi/pulumi/sdk/v3 v3.269.0
)

replace example.com/pulumi-swarm/sdk/go => ./sdks/swarm
