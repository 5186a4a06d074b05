import { secretsIn } from '../core/index.ts'
import type { Config } from './schema.ts'

/** The secrets of everything that is configured, revealed. */
export function secretsOf({ connectors, inspections }: Pick<Config, 'connectors' | 'inspections'>): string[] {
  return secretsIn([Object.values(connectors).map(({ settings }) => settings), inspections])
}
