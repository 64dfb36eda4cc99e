/** How long to wait before something counts as hung, in ms: `usual`, and WARREN_PATIENCE times that where it is set. */
export const patience = (usual: number): number => usual * Number(Bun.env.WARREN_PATIENCE ?? 1);
