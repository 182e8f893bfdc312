// Command pulumi-tfgen-docker prints the package schema that the Docker plugin embeds.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	docker "github.com/terraform-providers/terraform-provider-docker/pulumi"
)

func main() {
	if err := printSchema(); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-tfgen-docker:", err)
		os.Exit(1)
	}
}

func printSchema() error {
	generated, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo:    docker.Provider(),
		DiagnosticsSink: diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never}),
		XInMemoryDocs:   true,
	})
	if err != nil {
		return err
	}
	generated.PackageSpec.Version = docker.Version
	return json.NewEncoder(os.Stdout).Encode(generated.PackageSpec)
}
