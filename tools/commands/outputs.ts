import { redact } from "../../components/core/redact";
import { openPulumi } from "../pulumi/stack";

/**
 * The outputs of a stack as JSON text. Secrets are `"[secret]"` and are not even decrypted, unless `reveal` asks for
 * them. A stack that the backend does not know has none. Throws a UserError with Pulumi's reason if they cannot be
 * read.
 */
export async function outputs({ stack, reveal }: { stack: string; reveal: boolean }): Promise<string> {
  const pulumi = await openPulumi(stack, { docker: false, create: false });
  const text = await pulumi.outputs({ reveal });
  // Defence in depth: no plain output holds an address today.
  return reveal ? text : redact(text);
}
