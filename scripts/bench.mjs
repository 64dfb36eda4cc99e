// @ts-check
// npm run bench -- NAME [--install-peers] ...: runs one comparison of bench/ with the pinned Bun and a fresh dist/warren.

import { BINARY, build, isFresh } from "./steps/binary.mjs";
import { bunPath } from "./steps/bun.mjs";
import { capture, follow, isRoot } from "./steps/command.mjs";
import { installPackages } from "./steps/packages.mjs";
import { inClone } from "./steps/place.mjs";
import { heading, Refusal, say, script } from "./steps/say.mjs";
import { setup } from "./steps/setup.mjs";

const COMPARISONS = ["launch", "import", "isolation", "levels", "density"];
/** Other managers of containers, from Debian, and what they bring to be measured. */
const PEERS = {
  lxd: "is compared with",
  "docker.io": "is compared with",
  podman: "is compared with",
  iptables: "the network of docker.io and podman",
};
/** In ms; sixty containers of each of five managers and twenty rounds take about six minutes. */
const PATIENCE = 60 * 60_000;

await script(async () => {
  const [name = "", ...rest] = process.argv.slice(2);
  if (!COMPARISONS.includes(name))
    throw new Refusal(
      `there is no comparison "${name}"`,
      `run \`npm run bench -- ${COMPARISONS.join("|")}\``,
      2,
    );
  if (!isRoot()) throw new Refusal("containers need root", "run it as root", 4);
  await setup({ system: "required" });
  if (rest.includes("--install-peers")) await installPeers();
  if (!isFresh()) {
    heading("Build");
    build();
    say(BINARY);
  }
  heading(`Comparison: ${name}`);
  const args = rest.filter((arg) => arg !== "--install-peers");
  return await follow([bunPath(), inClone("bench", `${name}.ts`), ...args], { timeout: PATIENCE });
});

async function installPeers() {
  heading("Peers");
  const missing = Object.entries(PEERS).filter(([name]) => {
    const { code, stdout } = capture(["dpkg-query", "-W", "-f", "$" + "{db:Status-Status}", name]);
    return code !== 0 || stdout !== "installed";
  });
  if (missing.length === 0) return say("LXD, Docker and Podman are installed");
  await installPackages(Object.fromEntries(missing));
}
