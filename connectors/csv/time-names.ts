const timeNames = new Set(
  `time|timestamp|timestamps|datetime|date|ts|t|utc|clock|time stamp|date time|date and time|localtime|local time|event time
  |zeit|zeitstempel|datum|uhrzeit|zeitpunkt|datum uhrzeit|datum zeit|temps|heure|horodatage|date heure|fecha|hora|fecha hora
  |tiempo|ora|data ora|orario|tijd|tijdstip|czas|data i godzina|dato|tid|tidspunkt|timestring|created at|recorded at
  |时间|日期|日時|時刻|时间戳|日期时间|elapsed|elapsed time|relative time|laufzeit`.split(/\s*\|/),
)

/** Characters of a name that may say that there are times. */
const longestName = 200

/** Whether a column of that name usually holds times: `Time [s]`, `time_utc`, `Zeitstempel`. */
export function isTimeName(name: string): boolean {
  if (name.length > longestName) return false
  const bare = name
    .replace(/[[(].*[\])]/, '')
    .replace(/^_+/, '')
    .replace(/[_\-/.\s]+/g, ' ')
    .trim()
    .toLowerCase()
  return timeNames.has(bare) || timeNames.has(bare.replace(/ (s|sec|ms|us|ns|utc|local|gmt|iso)$/, ''))
}

/** The offset from UTC that a name states, `Time (UTC+1)`, as a time zone; undefined where it states none. */
export function zoneOfName(name: string): string | undefined {
  const match = /(?:UTC|GMT)\s*([+-])\s*(\d{1,2})(?::?(\d\d))?/i.exec(name.slice(0, longestName)) as
    (string | undefined)[] | null
  return match ? `${match[1]!}${match[2]!.padStart(2, '0')}:${match[3] ?? '00'}` : undefined
}
