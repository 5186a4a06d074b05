/*
 * What GET /api/models answers, and what is sent to POST /api/models/:monitor/{promote,rollback,retrain}. This file alone
 * knows the shape: where the agent's differs, it is changed here.
 */

/** One version of a monitor's model. */
export interface ModelVersion {
  readonly version: string
  readonly state: 'training' | 'shadow' | 'active' | 'retired' | 'refused' | 'failed'
  /** ms since epoch. */
  readonly created: number
  /** Figures by name, on data that it was not trained on. */
  readonly figures: Readonly<Record<string, number>>
  /** What it is and how it was tested, in words. */
  readonly report?: string
}

/** The life of a monitor's model. */
export interface ModelLife {
  readonly monitor: string
  readonly step: 'collecting' | 'training' | 'shadow' | 'active'
  /** 0 to 1 of the step. */
  readonly progress?: number
  readonly detail?: string
  readonly active?: string
  /** ms since epoch. */
  readonly since?: number
  readonly nextTraining?: number
  readonly versions: readonly ModelVersion[]
  readonly drift?: { readonly value: number; readonly limit: number; readonly name: string }
  readonly canRollBack?: boolean
}

/** The answer as the view needs it; undefined where it is of another shape. */
export function modelLives(answer: unknown): readonly ModelLife[] | undefined {
  if (!Array.isArray(answer)) return undefined
  const valid = answer.every(
    (item: unknown) => typeof item === 'object' && item !== null && 'monitor' in item && 'versions' in item,
  )
  return valid ? (answer as ModelLife[]) : undefined
}

export const modelActions = {
  promote: (monitor: string) => `/api/models/${encodeURIComponent(monitor)}/promote`,
  rollback: (monitor: string) => `/api/models/${encodeURIComponent(monitor)}/rollback`,
  retrain: (monitor: string) => `/api/models/${encodeURIComponent(monitor)}/retrain`,
}
