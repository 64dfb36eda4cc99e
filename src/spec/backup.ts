import type { AppConfig, AppRequest } from "./app.ts";
import type { InitKind, LevelValues } from "./container.ts";

/** The first member of an export: everything about it but the files. */
export interface ExportManifest {
  format: "warren-export";
  version: 1;
  /** RFC 3339. */
  made: string;
  /** What it was exported from: `NAME` or `NAME/SNAPSHOT`. */
  of: string;
  image: {
    digest: string;
    alias: string;
    description: string;
    source: string;
    architecture: string;
    app: AppConfig | null;
    /** Whether the image's tree is in the export. */
    included: boolean;
  };
  /** The snapshot that the first stage is told against; `null` for a whole container. */
  base: { snapshot: string; digest: string } | null;
  /** States of the container, the oldest first; each but a first without base is told as changes to the one before. */
  stages: ExportStage[];
}

/** One state of the container. */
export interface ExportStage {
  /** Name and comment of the snapshot it is, `null` for what the container was when it was exported. */
  snapshot: { name: string; comment: string; created: string } | null;
  container: ExportedContainer;
}

/** What is kept of a container's record. */
export interface ExportedContainer {
  name: string;
  init: InitKind;
  levels: LevelValues;
  priority: number;
  profiles: string[];
  overcommit: boolean;
  started: boolean;
  /** How an application image's program is run in it. */
  app: AppRequest | null;
}

/** What stands before the files of a stage. Paths begin with `./` and have one character for each byte (latin1). */
export interface StageMeta {
  /** Digest of the files as they must be once the stage is applied. */
  digest: string;
  /** What goes before the files of the stage come. */
  removed: string[];
  /** Marks of overlay for what was deleted below, new or in the place of something else. */
  whiteouts: string[];
  /** What overlay noted at directories, which archives don't carry. */
  overlay: { path: string; name: "opaque" | "redirect"; value: string }[];
}

/** How a container is exported. */
export interface ExportRequest {
  /** With its snapshots. */
  snapshots?: boolean | undefined;
  /** Only what changed since this snapshot. */
  since?: string | undefined;
  /** Without the image it stands on. */
  thin?: boolean | undefined;
}

/** How an export is imported. */
export interface ImportRequest {
  /** Of the new container, or of the one an incremental export is applied to; as it was called unless told. */
  name?: string | undefined;
  /** An incremental export replaces what changed here since the snapshot it is told against. */
  force?: boolean | undefined;
  /** Leave out levels that this host can't do, rather than refusing. */
  skipUnsupported?: boolean | undefined;
  /** Name of the pool for a new container's files; unless told the one that is set for new containers. */
  pool?: string | undefined;
}
