/** What `share` did for one container, in bytes on disk. */
export interface SharedFiles {
  container: string;
  /** Files that left its own directory, and their bytes. */
  files: number;
  moved: number;
  /** Of these the bytes that others had already. */
  regained: number;
}

/** What `share` answers. */
export interface ShareResult {
  containers: SharedFiles[];
  /** Running containers whose files will be shared before their next start. */
  atStart: string[];
  /** Running containers that were left as they are. */
  running: string[];
  regained: number;
}

/** What `share undo` answers. */
export interface ShareUndone {
  container: string;
  files: number;
  bytes: number;
}

/** How much of what a container, or all of them, use is there once for many, in bytes. */
export interface ShareFigures {
  /** On disk, of the image and of what was shared since: used by others too. */
  diskShared: number;
  /** On disk, its own. */
  diskPrivate: number;
  /** In the page cache, of the files that others use too. */
  cacheShared: number;
  /** On disk, what `share` would free. */
  regainable: number;
}

/** Memory of files that processes have mapped, summed over them: Rss counts a page for each, Pss once among all. */
export interface MappedFiles {
  rss: number;
  pss: number;
}

export interface ContainerShare extends ShareFigures {
  container: string;
  image: string;
  running: boolean;
  /** `null` while it doesn't run. */
  mapped: MappedFiles | null;
}

/** What `share report` answers. */
export interface ShareReport {
  total: ShareFigures & { mapped: MappedFiles };
  containers: ContainerShare[];
}
