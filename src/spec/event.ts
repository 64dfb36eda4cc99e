/** Every change, numbered without gaps in the order it became true. */
export interface WarrenEvent {
  seq: number;
  /** RFC 3339. */
  time: string;
  type: EventType;
  container?: string;
  image?: string;
  operation?: string;
  details?: Record<string, unknown>;
}

/** Every event type and what it means; the reference page is made from it. */
export const EVENT_TYPES = {
  "container-created": "a container was created",
  "container-started": "init runs and the network is up",
  "container-stopped": "init ended; details.reason tells how",
  "container-crashed": "init ended by itself with a signal or an error; details has the last console lines",
  "container-rebooted": "the guest rebooted itself",
  "container-frozen": "every process of the container is halted in place",
  "container-thawed": "a frozen container runs on",
  "container-shared":
    "files that others have too left the container's own directory; details: files, moved and regained bytes",
  "container-renamed": "details.from was its name",
  "container-deleted": "a container and its files are gone",
  "container-adopted": "the daemon found it running at its own start",
  "level-changed": "levels were applied to or saved for a container",
  "level-hit":
    "a limit refused something; details: key, held, limit, count since the last such event, total since the start",
  "level-near": "a level came near its limit; details: key, held, limit",
  "oom-kill":
    "the kernel killed a process for want of memory; details: process, pid, memory, cause (limit, guest, host or null), at, count",
  "cpu-throttled":
    "the CPU limit held a container back for long; details: key, limit, share of the periods, seconds",
  pressure:
    "a container's tasks waited for long; details: resource, some and full as shares of the time, seconds",
  "pool-created": "a pool is there; details: pool, kind, format",
  "pool-grown": "a pool is larger; details: pool, size",
  "pool-deleted": "a pool is gone",
  "pool-near-full": "a pool is nearly full; details: pool, and its room in bytes and files",
  "pool-full": "writes of the containers in a pool fail; details: pool, and its room in bytes and files",
  "container-moved": "a container's files are in another pool; details.from and details.to",
  "profile-saved": "a profile was made, changed or renamed; containers stay as they are",
  "profile-deleted": "a profile is gone; containers stay as they are",
  "container-restored":
    "the files and saved levels of a snapshot are the container's again; details.snapshot is its name",
  "snapshot-created": "a snapshot of a container is there; details: snapshot, by (hand or schedule)",
  "snapshot-deleted": "a snapshot is gone; details: snapshot",
  "image-added": "an image is there",
  "image-deleted": "an image is gone",
  "operation-updated": "an operation changed its state",
  "view-renewed":
    "lxcfs ended and another took its place, or a guest had none; what the guest sees in /proc is its own again",
  "daemon-started": "the daemon serves",
  "daemon-stopping": "the daemon was told to end; containers run on",
} as const;
export type EventType = keyof typeof EVENT_TYPES;
