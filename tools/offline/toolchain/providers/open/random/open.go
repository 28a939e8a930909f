// Package open exports the Terraform provider for random values, which upstream keeps internal. Go lets this package
// import it because its import path lies within upstream's.
package open

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	upstream "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// Provider makes the provider.
func Provider() provider.Provider { return upstream.New() }
