// Package open exports the Terraform provider for Docker, which upstream keeps internal. Go lets this package import it
// because its import path lies within upstream's.
package open

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// Provider makes the provider; version only shows in its user agent.
func Provider(version string) *schema.Provider { return provider.New(version)() }
