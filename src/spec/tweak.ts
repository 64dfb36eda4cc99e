/** One change to a tree built from a distribution's packages; paths are relative to the tree. */
export type Tweak =
  | { kind: "write"; path: string; text: string; mode: number }
  | { kind: "link"; path: string; target: string }
  | { kind: "directory"; path: string; mode: number }
  | { kind: "remove"; path: string }
  /** The package's start script is diverted away; ours keeps its LSB header and does `body` instead. */
  | { kind: "script"; name: string; body: string }
  /** Lines matching `drop` go, `add` comes at the end. */
  | { kind: "edit"; path: string; drop: RegExp; add: string };
