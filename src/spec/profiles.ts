/** The profiles that come with Warren. */
import type { ProfileContent } from "./profile.ts";

const size = (
  description: string,
  memory: string,
  cpus: string,
  weight: string,
  processes: string,
): ProfileContent => ({
  description,
  levels: {
    "memory.limit": memory,
    "cpu.limit": cpus,
    "cpu.weight": weight,
    "pids.limit": processes,
  },
  priority: null,
});

/**
 * Sizes as hosting offers have them, of levels that every host can do. Each is four times the one before in memory, so
 * the choice is easy; CPU shares grow with the CPUs, so that the larger one gets more when all want all.
 */
export const BUILTIN_PROFILES: Readonly<Record<string, ProfileContent>> = {
  nano: size("a small tool: 128 MiB, a quarter of a CPU", "128M", "0.25", "25", "256"),
  small: size("a small server: 512 MiB, one CPU", "512M", "1", "100", "1024"),
  medium: size("a server with a database: 2 GiB, two CPUs", "2G", "2", "200", "2048"),
  large: size("a large server: 8 GiB, four CPUs", "8G", "4", "400", "8192"),
};
