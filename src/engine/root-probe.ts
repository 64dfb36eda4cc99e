import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { shiftTo } from "../host/idmap/index.ts";
import { mountRoot, unmountRoot } from "../host/overlay/index.ts";
import { FIRST_ID } from "../spec/container.ts";

/**
 * Mounts a small root below a directory for real: nothing else tells whether its file system can. Throws FAILED with call
 * and errno when it can't.
 */
export async function tryRoot(below: string): Promise<void> {
  const dir = await mkdtemp(`${below}/check-`);
  for (const name of ["lower", "data/upper", "data/work", "target"])
    mkdirSync(`${dir}/${name}`, { recursive: true });
  try {
    const shift = await shiftTo(FIRST_ID);
    try {
      mountRoot(
        { lowers: [`${dir}/lower`], data: `${dir}/data`, target: `${dir}/target`, scratch: `${dir}/scratch` },
        shift.fd,
      );
      mkdirSync(`${dir}/target/probe`);
    } finally {
      shift.close();
      unmountRoot(`${dir}/target`);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
