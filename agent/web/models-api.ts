import type { ModelLife } from '../view/shapes.ts'
import { get } from './api.ts'

/** What GET /api/models answers, and where its actions are sent. This file alone knows their addresses. */
export function modelLives(): Promise<readonly ModelLife[]> {
  return get<ModelLife[]>('/api/models')
}

export function modelAction(monitor: string, action: ModelLife['actions'][number]): string {
  return `/api/models/${encodeURIComponent(monitor)}/${action}`
}

/** The operation of the API behind it. */
export function operationOf(action: ModelLife['actions'][number]): string {
  return `POST /api/models/:monitor/${action}`
}
