/** The mount that holds a path, by /proc/self/mountinfo (proc_pid_mountinfo(5)): its type and where it is. */
export function mountOf(mountinfo: string, path: string): { at: string; type: string } {
  let best = { at: "", type: "an unknown file system" };
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const at = before.split(" ")[4] ?? "";
    const holds = at === "/" || path === at || path.startsWith(`${at}/`);
    if (at !== "" && holds && at.length >= best.at.length) best = { at, type: after.split(" ")[0] ?? "" };
  }
  return best;
}
