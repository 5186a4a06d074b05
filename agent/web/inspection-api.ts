import type { PartView, StationView } from '../view/inspection-shapes.ts'
import { get } from './api.ts'

/** What is shown of a station's parts. */
export const choices = ['all', 'trouble'] as const
export type Choice = (typeof choices)[number]

/** What GET /api/inspections/{station} answers. This file alone knows the addresses of inspections. */
export function station(name: string, choice: Choice, signal: AbortSignal): Promise<StationView> {
  const only = choice === 'trouble' ? '&only=trouble' : ''
  return get<StationView>(`${address(name)}?limit=${mostShown}${only}`, signal)
}

/** Parts that are shown at most. */
const mostShown = 24

export function imageOf(station: string, { id }: PartView): string {
  return `${address(station)}/images/${id}`
}

export function mapOf(station: string, { id }: PartView): string {
  return `${address(station)}/maps/${id}`
}

/** What is sent to /api/labels: what a part truly is, by the time of its verdict. */
export function correctionOf(station: string, { part, time }: PartView, name: string): object {
  return { type: 'verdict', station, part, time, class: name }
}

function address(station: string): string {
  return `/api/inspections/${encodeURIComponent(station)}`
}
