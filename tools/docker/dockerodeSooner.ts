import { createRequire } from "node:module";
import { loadLater } from "../../stack/loadLater";

// Import this before dockerode. Half of its loading is for sessions of BuildKit and for its own ssh, which are not used
// here.
const dockerode = require.resolve("dockerode");
loadLater("./session", dockerode);
loadLater("./ssh", createRequire(dockerode).resolve("docker-modem"));
