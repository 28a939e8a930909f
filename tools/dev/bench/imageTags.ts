import { anonContext } from "../../../components/anonImage";
import { connectorContext } from "../../../stack/connectorContext";
import { projectDirectory } from "../../console/project";

/** The tags of the images that this project builds for a town. */
export function imageTags(): { anon: string; connector: string } {
  const tag = (name: string, { hash }: { hash: string }) => `town-ator/${name}:${hash.slice(0, 12)}`;
  return {
    anon: tag("anon", anonContext(projectDirectory)),
    connector: tag("connector", connectorContext(projectDirectory)),
  };
}
