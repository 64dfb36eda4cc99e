import { z } from "@hono/zod-openapi";
import { CONTAINER_STATES, INIT_KINDS } from "../../spec/container.ts";
import { USER_DATA_MOST } from "../../spec/seed.ts";
import { containerUsage } from "./usage.ts";

export const state = z.enum(CONTAINER_STATES);

/** A level's value in base units; `null` is unlimited. */
export const levelValue = z.union([z.number(), z.string(), z.null()]);
const levelValues = z.record(z.string(), levelValue);

const summary = z.object({
  name: z.string(),
  state,
  image: z.string(),
  addresses: z.array(z.string()),
  created: z.string(),
  uptime: z.number().nullable().describe("Seconds since init started"),
  processes: z.number().nullable(),
  memory: z.number().nullable().describe("Bytes held now"),
});

export const containerSummary = summary.openapi("ContainerSummary");

export const containerInfo = summary
  .extend({
    uuid: z.string(),
    imageDigest: z.string(),
    init: z.enum(INIT_KINDS),
    initPid: z.number().nullable(),
    idmap: z.object({ base: z.number(), size: z.number() }),
    rootfs: z.string(),
    cgroup: z.string(),
    link: z.string(),
    capabilities: z.array(z.string()),
    apparmor: z.string().nullable(),
    levels: levelValues,
    pending: levelValues,
    usage: containerUsage.nullable().describe("What it uses now; null while it does not run"),
    failure: z.string().nullable(),
    wanted: z.enum(["running", "stopped"]),
    priority: z.number(),
    profiles: z.array(z.string()).describe("What it was made with or brought to for good, the last one last"),
    snapshots: z.array(z.string()).describe("Names of its snapshots, the oldest first"),
    schedule: z
      .object({ every: z.number().describe("Seconds"), keep: z.number() })
      .nullable()
      .describe("When snapshots are made by themselves"),
    pool: z.string().describe("Where its files are"),
    version: z.number(),
  })
  .openapi("ContainerInfo");

/** Order of starting after a reboot of the host. */
const priority = z.number().int().min(-1000).max(1000).describe("Started before those of lower priority");

/** Whether guarantees may come to more than the host has. */
export const overcommit = z
  .boolean()
  .optional()
  .describe("Also when guarantees come to more than the host has; kept with the container");

export const bootRequest = z.strictObject({ priority }).openapi("BootRequest");

export const createRequest = z
  .strictObject({
    name: z.string(),
    image: z.string(),
    levels: z.record(z.string(), z.string()).default({}).describe("Above the levels of `profiles`"),
    profiles: z.array(z.string()).max(100).optional().describe("Of the same level the last one's holds"),
    skipUnsupported: z
      .boolean()
      .optional()
      .describe("Leave out what profiles ask for and this host can't do, rather than refusing"),
    overcommit,
    priority: priority.optional(),
    pool: z
      .string()
      .optional()
      .describe("Where its files are; the pool that is set for new containers when absent"),
    app: z
      .strictObject({
        command: z.array(z.string()).max(1000).optional().describe("In place of the image's own words"),
        env: z.record(z.string(), z.string()).optional().describe("Above the image's environment"),
      })
      .optional()
      .describe("For application images"),
    userData: z.string().max(USER_DATA_MOST).optional().describe("What cloud-init in the guest is to do"),
    sshKeys: z.array(z.string()).max(100).optional().describe("Public keys that may log in"),
    password: z.string().optional().describe("root's password; only its hash is kept"),
    start: z.boolean().default(false),
    waitBoot: z.boolean().default(false),
  })
  .openapi("CreateRequest");

export const renameRequest = z.strictObject({ name: z.string() }).openapi("RenameRequest");

export const copyRequest = z
  .strictObject({
    to: z.string(),
    snapshot: z.string().optional().describe("What it was then, instead of what it is now"),
    pool: z.string().optional().describe("The other's unless told"),
  })
  .openapi("CopyRequest");

/** Body of start, stop, restart, freeze and thaw; each reads what concerns it. */
export const powerRequest = z
  .strictObject({
    timeout: z.number().min(0).max(86_400).optional().describe("Seconds until it is killed"),
    force: z.boolean().optional(),
    waitBoot: z.boolean().optional().describe("Wait until the guest's boot has finished"),
    overcommit,
  })
  .openapi("PowerRequest");
