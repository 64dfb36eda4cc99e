/** What an old or foreign system's tree needs to run as a container here. Pure. */

/** What was found in a tree. */
export interface TreeFacts {
  /** Its name for people, empty when it has none. */
  title: string;
  /** Version of its systemd, 0 for one too old to say; `null` when it has none. */
  systemd: number | null;
  /** Second number of its C library's version, 13 of 2.13; `null` when not told. */
  glibc: number | null;
  upstart: boolean;
  /** Network set-up for OpenVZ's venet0. */
  venet: boolean;
  /** OpenVZ's own scripts. */
  vzScripts: boolean;
  /** Logins on virtual terminals. */
  ttyLogins: boolean;
}

/** The first systemd that runs on cgroup v2 alone, and the first C library that asks the vDSO only. */
const [SYSTEMD, GLIBC] = [232, 14];

/** One line for each thing to mind; none for a system of today. */
export function templateWarnings(facts: TreeFacts): string[] {
  const { systemd, glibc } = facts;
  const warnings: [boolean, string][] = [
    [
      systemd !== null && systemd < SYSTEMD,
      `its systemd${systemd ? ` (${systemd})` : ""} is older than ${SYSTEMD} and knows nothing of cgroup v2, the only one guests see: it will not boot`,
    ],
    [
      glibc !== null && glibc < GLIBC,
      `its C library (2.${glibc}) calls the vsyscall page: boot the host with vsyscall=emulate, or its programs crash`,
    ],
    [
      facts.upstart,
      "its init is upstart, which does not halt when asked: halt it from within, or stop it with --force",
    ],
    [
      facts.venet,
      "it sets up OpenVZ's venet0, which is not there: eth0 has its addresses before init starts",
    ],
    [facts.vzScripts, "it has scripts of OpenVZ (vzquota, vzreboot), which do nothing here"],
    [
      facts.ttyLogins,
      "it starts logins on virtual terminals, which are not there: take them out of /etc/inittab; the console is /dev/console",
    ],
  ];
  return warnings.flatMap(([holds, text]) => (holds ? [text] : []));
}

/** Whether a tree is a template of OpenVZ. */
export const isOpenvz = ({ venet, vzScripts }: TreeFacts): boolean => venet || vzScripts;

/** The name in os-release(5), or the first line of what older systems have. */
export function titleOf(osRelease: string | null, older: string | null): string {
  const pretty = /^PRETTY_NAME=["']?([^"'\n]+)/m.exec(osRelease ?? "")?.[1];
  return (pretty ?? older?.split("\n")[0] ?? "")
    .replace(/[\x00-\x1f\x7f]/g, "?")
    .trim()
    .slice(0, 80);
}
