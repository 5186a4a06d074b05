import { Quality, qualityOfWord } from '../../../agent/core/index.ts'

/**
 * The quality a payload states: `good`, `uncertain`, `bad` (also as the beginning of an OPC UA status name), a boolean,
 * an OPC UA status code (0 is good), or an OPC DA quality (192 and above good, 64 and above uncertain, 1 to 63 bad).
 * Undefined where it says something else.
 */
export function readQuality(raw: unknown): Quality | undefined {
  if (typeof raw === 'string') return qualityOfWord(raw)
  if (typeof raw === 'boolean') return raw ? Quality.good : Quality.bad
  if (typeof raw !== 'number' || !Number.isInteger(raw) || raw < 0 || raw > 0xffff_ffff) return undefined
  if (raw > 0xffff || raw === 0) return Math.min(raw >>> 30, Quality.bad) as Quality
  if (raw >= 192) return Quality.good
  return raw >= 64 ? Quality.uncertain : Quality.bad
}
