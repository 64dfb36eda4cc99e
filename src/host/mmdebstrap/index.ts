/**
 * Building a distribution's root file system from its own packages.
 *
 * What must never happen here: a build that outlives the daemon, a mirror's name that is not the host's own or the
 * distribution's public one.
 */
export { type BuildOptions, build, hostMirrors } from "./linux.ts";
