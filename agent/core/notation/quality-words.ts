import { Quality } from '../quality.ts'

const good = new Set(['good', 'ok', 'valid', 'normal', 'g', 'true', 'yes'])
const uncertain = new Set(['uncertain', 'questionable', 'suspect', 'substituted', 'estimated', 'doubtful', 'u'])
const bad = new Set(['bad', 'invalid', 'fail', 'failed', 'fault', 'error', 'b', 'false', 'no', 'offline', 'missing'])

/** The quality that a word states, also as the beginning of an OPC UA status name (`BadNoCommunication`); undefined where it says something else. */
export function qualityOfWord(text: string): Quality | undefined {
  const word = text.trim().toLowerCase()
  if (good.has(word) || /^good(?=[^a-z]|[a-z]{4})/.test(word)) return Quality.good
  if (uncertain.has(word) || word.startsWith('uncertain')) return Quality.uncertain
  return bad.has(word) || /^bad(?=[^a-z]|[a-z]{4})/.test(word) ? Quality.bad : undefined
}
