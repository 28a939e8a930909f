import { instance } from "@viz-js/viz";
import type { Settings } from "../../stack/settings";
import { dotOf } from "./dot";

/** A stack as a picture, in SVG. The same settings always give the same text. */
export async function graphSvg(settings: Settings): Promise<string> {
  const svg = (await instance()).renderString(dotOf(settings), { format: "svg" });
  // Graphviz knows the widths of Arial's letters, and no list of fonts.
  return svg.replaceAll('font-family="Arial"', 'font-family="Arial,Helvetica,sans-serif"');
}
