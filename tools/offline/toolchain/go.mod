module town-ator/tools/offline/toolchain

go 1.25.11

require (
	// The others ask for v0.6.0 at least, which does not build.
	github.com/charmbracelet/glamour v0.10.0 // indirect
	github.com/docker/docker v28.5.2+incompatible
	github.com/pulumi/pulumi-terraform-bridge/v3 v3.137.0
	github.com/pulumi/pulumi/pkg/v3 v3.259.0
	github.com/pulumi/pulumi/sdk/v3 v3.259.0
	github.com/terraform-providers/terraform-provider-docker/open v0.0.0
	github.com/terraform-providers/terraform-provider-random/open v0.0.0
)

replace (
	github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
	github.com/hashicorp/terraform-plugin-sdk/v2 => github.com/pulumi/terraform-plugin-sdk/v2 v2.0.0-20260318212141-5525259d096b
	github.com/terraform-providers/terraform-provider-docker => github.com/kreuzwerker/terraform-provider-docker v0.0.0-20260916201441-96d331c98ff4 // after 4.6.0
	github.com/terraform-providers/terraform-provider-docker/open => ./providers/open/docker
	github.com/terraform-providers/terraform-provider-random/open => ./providers/open/random
	golang.org/x/text => golang.org/x/text v0.39.0
)

