/**
 * Building a distribution's root file system from its own packages.
 *
 * What must never happen here: a build that outlives the daemon, a mirror's name that is not of the host's own apt: where
 * that has none, mmdebstrap knows the public ones.
 */
export { type BuildOptions, build, hostMirrors } from "./linux.ts";
