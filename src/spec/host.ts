/** The host as a whole: what it has, what of it is held and what was promised. */

/** What containers share out among themselves. */
export const RESOURCES = ["memory", "swap", "cpu", "pids", "disk"] as const;
export type Resource = (typeof RESOURCES)[number];

/**
 * What a level promises of a resource: `guarantee` is kept whatever happens, so the host must have it; `protection` is
 * kept while the rest of the host can give way; a `limit` may be reached by each, seldom by all at once.
 */
export interface LevelPromise {
  resource: Resource;
  as: "guarantee" | "protection" | "limit";
}

/** In the resource's unit: bytes, CPUs, processes and threads. */
export interface Share {
  amount: number;
  /** Of the host's capacity: 1 is all of it, more is overcommitted; `null` where the host has none. */
  ratio: number | null;
}

/** One resource of the host, and what the containers that run make of it. */
export interface Commitment {
  capacity: number;
  /** Used now; `null` where the kernel doesn't tell. */
  held: Share | null;
  /** Kept for containers whatever happens. */
  guaranteed: Share;
  /** Kept for containers while others can give way; what is guaranteed is part of it. */
  protected: Share;
  /** What containers may take at most, each no more than the host has. */
  promised: Share;
  /** Containers without a limit, counted in `promised` with the whole host. */
  unlimited: number;
}

export type Commitments = Record<Resource, Commitment>;

/** What `host split` proposes. */
export interface HostSplit {
  containers: number;
  /** Kept for the host, in the resource's unit. */
  reserved: Record<"memory" | "pids" | "disk", number>;
  /** How many times its share each container may take while others leave it idle. */
  oversell: number;
  levels: Record<string, string>;
}
