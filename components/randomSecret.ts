import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** Letters and digits for 256 bits: 43 times log2(62). */
const LENGTH = 43;

/**
 * A random secret of 256 bits as 43 letters and digits, made once and kept in the stack's encrypted state.
 *
 * A RandomPassword, and not a RandomBytes: the id of a RandomBytes is its value (pulumi-random's computeRandomBytesID),
 * and Pulumi keeps ids in plain text in the state and shows them (pulumi/pulumi#8946). The id of a RandomPassword is
 * "none".
 *
 * With a `version`, another one makes another secret.
 */
export function randomSecret(
  name: string,
  opts: pulumi.CustomResourceOptions,
  version?: string,
): pulumi.Output<string> {
  const keepers = version === undefined ? {} : { keepers: { version } };
  return pulumi.secret(new random.RandomPassword(name, { length: LENGTH, special: false, ...keepers }, opts).result);
}
