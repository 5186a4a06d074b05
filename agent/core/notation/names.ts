/** Languages whose names of months and days are known. */
const languages = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl', 'cs', 'sv', 'da', 'nb', 'fi'] as const

let months: ReadonlyMap<string, number> | undefined
let days: ReadonlySet<string> | undefined

/** The month of that name, long or short and in lower case, 1 to 12. A name that means two in two languages means none. */
export function monthNumber(name: string): number | undefined {
  return (months ??= monthNames()).get(name)
}

/** Names of weekdays, long and short, in lower case. */
export function weekdays(): ReadonlySet<string> {
  if (days) return days
  const found = new Set<string>()
  for (const language of languages)
    for (const weekday of ['long', 'short'] as const)
      for (let day = 1; day <= 7; day++) {
        const name = new Intl.DateTimeFormat(language, { weekday, timeZone: 'UTC' }).format(Date.UTC(2024, 0, day))
        for (const spelling of spellings(name)) found.add(spelling)
      }
  return (days = found)
}

function monthNames(): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  const add = (name: string, month: number) => {
    for (const spelling of spellings(name))
      found.set(spelling, found.has(spelling) && found.get(spelling) !== month ? NaN : month)
  }
  for (const language of languages)
    for (const month of ['long', 'short'] as const)
      for (const withDay of [{}, { day: 'numeric' }] as const)
        for (let number = 1; number <= 12; number++) {
          const format = new Intl.DateTimeFormat(language, { month, timeZone: 'UTC', ...withDay })
          const parts = format.formatToParts(Date.UTC(2024, number - 1, 15))
          add(parts.find(({ type }) => type === 'month')!.value, number)
        }
  found.set('mrz', 3)
  found.set('sept', 9)
  return new Map([...found].filter(([, month]) => !Number.isNaN(month)))
}

/** As it is written, without its point, and without accents. */
function spellings(name: string): ReadonlySet<string> {
  const lower = name.replaceAll('.', '').toLowerCase()
  return new Set([lower, lower.normalize('NFD').replace(/\p{M}/gu, '')])
}
