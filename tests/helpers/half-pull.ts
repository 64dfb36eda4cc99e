/** Fetches an image in the directory, from the host and under the name it is given: something to kill in the middle. */
import { imageRig } from "./images.ts";

const [dir, host = "", source = ""] = process.argv.slice(2);
const rig = imageRig(dir, { registries: { insecure: [host] }, imageServers: { lxc: `http://${host}` } });
await rig.result(rig.images.pull({ source }));
