package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/docker/docker/client"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	upstream "github.com/terraform-providers/terraform-provider-docker/open"
)

const defaultHost = "unix:///var/run/docker.sock"

// docker is the docker provider. Resources, functions and properties have the names that @pulumi/docker gives them.
// Pulumi's own docker.Image is missing: it is no part of the Terraform provider.
func docker(version string) tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:       sdkv2.NewProvider(upstream.Provider(version)),
		Name:    "docker",
		Version: version,
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"DOCKER_HOST"},
				ComputeDefault: func(context.Context, tfbridge.ComputeDefaultOptions) (any, error) {
					return defaultHost, nil
				},
			}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		PreConfigureCallback: daemonAnswers,
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_container": {
				Tok:                 "docker:index/container:Container",
				DeleteBeforeReplace: true,
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image": {
				Tok:    "docker:index/remoteImage:RemoteImage",
				Fields: map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}},
			},
			"docker_config": {Tok: "docker:index/serviceConfig:ServiceConfig"},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image": {Tok: "docker:index/getRemoteImage:getRemoteImage"},
		},
	}
	info.MustComputeTokens(tokens.SingleModule("docker_", "index", tokens.MakeStandard("docker")))
	info.SetAutonaming(255, "-")
	return info
}

// daemonAnswers reports a missing daemon at once, as Pulumi's own part of the official plugin does: upstream connects
// only when it has to. Hosts that need ssh or given certificates are left to upstream.
func daemonAnswers(config resource.PropertyMap, _ shim.ResourceConfig) error {
	host := cmp.Or(os.Getenv("DOCKER_HOST"), defaultHost)
	if given := config["host"]; given.IsString() {
		host = given.StringValue()
	}
	if strings.HasPrefix(host, "ssh://") || config.HasValue("certPath") || config.HasValue("certMaterial") {
		return nil
	}
	docker, err := client.NewClientWithOpts(client.WithHost(host), client.WithTLSClientConfigFromEnv())
	if err == nil {
		_, err = docker.Ping(context.Background())
	}
	if err != nil {
		return fmt.Errorf("docker native provider returned an unexpected error from Configure: "+
			"failed to connect to any docker daemon: %w", err)
	}
	return nil
}
