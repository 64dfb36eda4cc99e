/** One way of giving containers their files. */
export interface Side {
  /** As the tables call it. */
  readonly name: string;
  readonly filesystem: "ext4" | "btrfs";
  /** Containers that it may have: those who copy everything get fewer. */
  readonly most: number;
  /** Its processes on the host that don't name its file system in their command line. */
  pids?(): number[];
  /** Makes it ready at a file system of its own, with these trees as images; answers version and how it is used. Throws Absent. */
  open(at: string, trees: readonly string[]): Promise<{ version: string; how: string }>;
  /** Makes and starts the container `name` of an image; returns the pid of its first process when its boot has finished. */
  launch(name: string, image: number): Promise<number>;
  /** Ends everything that it began, whatever state it is in. */
  close(): Promise<void>;
  /** What it says itself of what is shared and where a container's own bytes are, as lines. */
  told?(): string[];
}
