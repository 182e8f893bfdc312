package main

import (
	"example.com/pulumi-swarm/sdk/go/swarm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		settings := config.New(ctx, "")
		var adminCidrs, sshAuthorizedKeys []string
		settings.RequireObject("adminCidrs", &adminCidrs)
		settings.RequireObject("sshAuthorizedKeys", &sshAuthorizedKeys)
		access := settings.Get("access")
		if access == "" {
			access = "public"
		}
		encrypted := true
		cluster, err := swarm.NewSwarmCluster(ctx, "swarm", &swarm.SwarmClusterArgs{
			ManagerCount:      intPointer(3),
			WorkerCount:       intPointer(3),
			Access:            stringPointer(access),
			AdminCidrs:        adminCidrs,
			SshAuthorizedKeys: sshAuthorizedKeys,
			SshIdentityFile:   stringPointer(settings.Get("sshIdentityFile")),
			SshProxyCommand:   stringPointer(settings.Get("sshProxyCommand")),
			// IP protocol 50 is opened between the nodes because of it, and the MTU leaves room for ESP.
			Networks: []swarm.ClusterNetworkArgs{{Name: "secure", Encrypted: &encrypted}},
		})
		if err != nil {
			return err
		}
		ctx.Export("dockerHost", cluster.DockerHost)
		ctx.Export("networkIds", cluster.NetworkIds)
		return nil
	})
}

func intPointer(value int) *int { return &value }

func stringPointer(value string) *string { return &value }
