// Command providers is Pulumi's docker and random providers: the Terraform providers that the official plugins contain,
// behind Pulumi's bridge. It serves the one whose name it is started under: pulumi-resource-docker or
// pulumi-resource-random.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// The versions of the npm packages @pulumi/docker and @pulumi/random, set by the linker.
var dockerVersion, randomVersion string

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "pulumi-resource-docker":
		info := docker(dockerVersion)
		// No schema is needed at run time: the program has the one of its npm package.
		tfbridge.Main(info.Name, info.Version, info, nil)
	case "pulumi-resource-random":
		info := random(randomVersion)
		pf.Main(context.Background(), info.Name, info, pf.ProviderMetadata{PackageSchema: []byte("{}")})
	default:
		fmt.Fprintf(os.Stderr, "%s: start this as pulumi-resource-docker or pulumi-resource-random\n", name)
		os.Exit(2)
	}
}
