import { secretsIn } from '../core/index.ts'
import type { Config } from './schema.ts'

/** The secrets of everything that is configured, revealed. */
export function secretsOf({
  connectors,
  inspections,
  actions,
}: Pick<Config, 'connectors' | 'inspections' | 'actions'>): string[] {
  return secretsIn([Object.values(connectors).map(({ settings }) => settings), inspections, actions])
}
