// Package pulumi maps the Terraform Docker provider to the type tokens of the
// pulumi-docker SDK, as the published plugin does.
//
// The module's path lies below github.com/terraform-providers/terraform-provider-docker
// because the provider lives in that module's internal/ tree, and Go admits an
// import of it only from below the same root.
package pulumi

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// Version is what the plugin reports: that of the Python SDK it serves.
const Version = "5.2.0"

const (
	packageName   = "docker"
	maxNameLength = 255
)

// Provider describes the bridged provider. It leaves the provider's diffs as
// upstream's, so that what is quiet here is quiet with the published plugin.
func Provider() tfbridge.ProviderInfo {
	container := resource("Container", named("command", "networks_advanced:networksAdvanced"))
	container.DeleteBeforeReplace = true

	info := tfbridge.ProviderInfo{
		P:            sdkv2.NewProvider(provider.New(Version)()),
		Name:         packageName,
		Version:      Version,
		GitHubOrg:    "terraform-providers",
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Config: map[string]*tfbridge.SchemaInfo{
			"host":          {Default: &tfbridge.DefaultInfo{EnvVars: []string{"DOCKER_HOST"}}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_buildx_builder": resource("BuildxBuilder", nil),
			"docker_config":         resource("ServiceConfig", nil),
			"docker_container":      container,
			"docker_image":          resource("RemoteImage", named("name")),
			"docker_network":        resource("Network", nil),
			"docker_plugin":         resource("Plugin", nil),
			"docker_registry_image": resource("RegistryImage", nil),
			"docker_secret":         resource("Secret", nil),
			"docker_service":        resource("Service", nil),
			"docker_tag":            resource("Tag", nil),
			"docker_volume":         resource("Volume", nil),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":                    function("getRemoteImage"),
			"docker_logs":                     function("getLogs"),
			"docker_network":                  function("getNetwork"),
			"docker_plugin":                   function("getPlugin"),
			"docker_registry_image":           function("getRegistryImage"),
			"docker_registry_image_manifests": function("getRegistryImageManifests"),
		},
	}
	info.SetAutonaming(maxNameLength, "-")
	return info
}

func token(name string) string {
	return packageName + ":index/" + strings.ToLower(name[:1]) + name[1:] + ":" + name
}

func resource(name string, fields map[string]*tfbridge.SchemaInfo) *tfbridge.ResourceInfo {
	return &tfbridge.ResourceInfo{Tok: tokens.Type(token(name)), Fields: fields}
}

func function(name string) *tfbridge.DataSourceInfo {
	return &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(token(name))}
}

// named overrides property names that the bridge would pluralise; an entry is
// "terraform_name:pulumiName", or one word where both are the same.
func named(pairs ...string) map[string]*tfbridge.SchemaInfo {
	fields := map[string]*tfbridge.SchemaInfo{}
	for _, pair := range pairs {
		terraformName, pulumiName, renamed := strings.Cut(pair, ":")
		if !renamed {
			pulumiName = terraformName
		}
		fields[terraformName] = &tfbridge.SchemaInfo{Name: pulumiName}
	}
	return fields
}
