/** How long to wait before something counts as hung, in ms: `usual`, and WARREN_PATIENCE times that where it is set. */
export const patience = (usual: number): number => usual * Number(Bun.env.WARREN_PATIENCE ?? 1);

/** When to interrupt what a command has begun: `ms` natively, later by the time that a slow host's command takes to begin. */
export const amid = (ms: number): number => ms + patience(20) - 20;
