// Command pulumi-resource-docker is the Docker plugin for machines that cannot
// download the published one.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	docker "github.com/terraform-providers/terraform-provider-docker/pulumi"
)

// schema is printed by pulumi-tfgen-docker; tools/toolchain.py makes it before this builds.
//
//go:embed schema.json
var schema []byte

func main() {
	tfbridge.Main("docker", docker.Version, docker.Provider(), schema)
}
