import * as pulumi from "@pulumi/pulumi";
import * as swarm from "@pulumi/swarm";

const config = new pulumi.Config();

const cluster = new swarm.SwarmCluster("swarm", {
    managerCount: 1,
    workerCount: 2,
    access: config.get("access") ?? "public",
    adminCidrs: config.requireObject<string[]>("adminCidrs"),
    sshAuthorizedKeys: config.requireObject<string[]>("sshAuthorizedKeys"),
    sshIdentityFile: config.get("sshIdentityFile"),
    sshProxyCommand: config.get("sshProxyCommand"),
    // On any host: docker run --network shared --name one ..., and elsewhere: ping one
    networks: [{ name: "shared", attachable: true }],
});

export const dockerHost = cluster.dockerHost;
export const workerAddresses = cluster.workerAddresses;
