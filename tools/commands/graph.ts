import { parseSettings } from "../../stack/settings";
import { graphSvg } from "../graph/svg";
import { openPulumi } from "../pulumi/stack";

/** A stack as a picture in SVG, from its config; it shows no address and no secret. Needs no Docker. */
export async function graph({ stack }: { stack: string }): Promise<string> {
  const pulumi = await openPulumi(stack, { docker: false });
  return graphSvg(parseSettings(await pulumi.config(), stack));
}
