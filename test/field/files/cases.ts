import { gzipSync } from 'node:zlib'

/** A file as something exports it, and what must come out of it. */
export interface FileCase {
  /** What is particular about it, and what writes such files. */
  readonly what: string
  readonly from: string
  /** One file, or several by name. */
  readonly file: string | Buffer | Readonly<Record<string, string>>
  /** What only the user can know. */
  readonly settings?: object
  /** First and last time as ISO, rows. */
  readonly times?: readonly [first: string, last: string]
  readonly rows?: number
  /** By tag: type, unit, and how its values begin; `undefined` stands for a bad sample. */
  readonly signals?: Readonly<Record<string, readonly [type: string, unit: string, ...values: unknown[]]>>
  /** Rows and values by reason. */
  readonly refused?: Readonly<Record<string, number>>
  readonly note?: RegExp
  readonly error?: RegExp
}

const count = 12
const begin = Date.UTC(2024, 2, 5, 10)
const pad = (value: number) => String(value).padStart(2, '0')
const minutes = Array.from({ length: count }, (_, at) => at)
/** A line a minute from 10:00 on, written by `line`. */
const lines = (head: string, line: (at: number) => string, end = '\n') => [head, ...minutes.map(line), ''].join(end)
const iso = (at: number) => `2024-03-05 10:${pad(at)}:00`
const plain = { times: ['2024-03-05T10:00:00.000Z', '2024-03-05T10:11:00.000Z'], rows: count } as const
const temp = { temp: ['number', '', 20, 20.5, 21] } as const
const both = { temp: ['number', '', 20, 20.5], press: ['number', '', 1000.25, 1001.25] } as const
const two = (at: number) => `${(20 + at / 2).toFixed(2)},${1000.25 + at}`
const comma = (value: number, digits = 2) => value.toFixed(digits).replace('.', ',')
const timed = (what: string, from: string, write: (at: number) => string, more: Partial<FileCase> = {}): FileCase => ({
  ...{ what, from, file: lines('timestamp;temp', (at) => `${write(at)};${20 + at / 2}`) },
  ...{ ...plain, signals: temp },
  ...more,
})
const counted = (what: string, from: string, write: (ms: number) => string): FileCase =>
  timed(what, from, (at) => write(begin + at * 60_000))

export const times: readonly FileCase[] = [
  timed('ISO 8601 with Z', 'databases, InfluxDB', (at) => `2024-03-05T10:${pad(at)}:00Z`),
  timed('a blank and a decimal comma', 'Python logging', (at) => `${iso(at)},000`),
  timed(
    'fractions where there are any',
    'Python isoformat',
    (at) => `2024-03-05T10:${pad(at)}:00${at % 2 ? '.000000' : ''}`,
  ),
  timed('an offset', 'REST interfaces', (at) => `2024-03-05T11:${pad(at)}:00+01:00`),
  timed('UTC as a word', 'data loggers', (at) => `${iso(at)} UTC`),
  timed('a named zone', 'German loggers', (at) => `2024-03-05 11:${pad(at)}:00`, {
    settings: { timezone: 'Europe/Berlin' },
  }),
  timed('day first by the zone of dots', 'German Excel', (at) => `05.03.2024 10:${pad(at)}`),
  timed('day first by habit', 'British SCADA', (at) => `05/03/2024 10:${pad(at)}`, {
    note: /read as day first; state `date_order`/,
  }),
  timed('month first by AM and PM', 'American SCADA', (at) => `3/5/2024 10:${pad(at)}:00 AM`),
  timed('month first as stated', 'American SCADA', (at) => `03/05/2024 10:${pad(at)}`, {
    settings: { date_order: 'mdy' },
  }),
  timed('two digits of the year', 'old panels', (at) => `05.03.24 10:${pad(at)}`),
  timed('names of months', 'PI DataLink', (at) => `05-Mar-24 10:${pad(at)}:00`),
  timed('names of months in German', 'Oracle', (at) => `05-MRZ-2024 10:${pad(at)}:00`),
  timed('Apache style', 'web servers', (at) => `05/Mar/2024:10:${pad(at)}:00 +0000`),
  timed('ctime', 'C programs', (at) => `Tue Mar  5 10:${pad(at)}:00 2024`),
  timed('Chinese signs', 'Chinese HMIs', (at) => `2024年03月05日 10:${pad(at)}:00`),
  timed('compact', 'file names, loggers', (at) => `20240305T10${pad(at)}00`),
  timed('fourteen digits', 'SAP', (at) => `2024030510${pad(at)}00`),
  timed('a pattern', 'anything', (at) => `week 10: 5.3.2024 at 10h${pad(at)}`, { settings: { time_format: "'week 10: 'd.M.yyyy 'at' HH'h'mm" } }), // prettier-ignore
  counted('seconds since 1970', 'Unix', (ms) => String(ms / 1000)),
  counted('milliseconds since 1970', 'Java, JavaScript', String),
  counted('microseconds since 1970', 'Python', (ms) => `${ms}000`),
  counted('nanoseconds since 1970', 'InfluxDB', (ms) => `${ms}000000`),
  counted('days of Excel', 'Excel', (ms) => (ms / 86_400_000 + 25_569).toFixed(8)),
  counted('days of MATLAB', 'MATLAB', (ms) => (ms / 86_400_000 + 719_529).toFixed(8)),
  counted('ticks', '.NET', (ms) => String(BigInt(ms) * 10_000n + 621_355_968_000_000_000n)),
  counted('FILETIME', 'Windows', (ms) => String(BigInt(ms) * 10_000n + 116_444_736_000_000_000n)),
  counted('seconds since 1904', 'LabVIEW', (ms) => String(ms / 1000 + 2_082_844_800)),
  timed('seconds since the start', 'oscilloscopes', (at) => String(at * 60), {
    settings: { start: '2024-03-05T10:00:00Z' },
  }),
  timed(
    'clocks alone, over midnight',
    'line loggers',
    (at) => (at < 6 ? `23:${pad(at + 54)}:00` : `00:${pad(at - 6)}:00`),
    {
      settings: { start: '2024-03-05' },
      times: ['2024-03-05T23:54:00.000Z', '2024-03-06T00:05:00.000Z'],
    },
  ),
  {
    what: 'two columns',
    from: 'Siemens and others',
    file: lines('Datum;Uhrzeit;temp', (at) => `05.03.2024;10:${pad(at)}:00;${comma(20 + at / 2)}`),
    ...{ ...plain, signals: temp },
  },
  {
    what: 'two columns of digits',
    from: 'dataloggers',
    file: lines('date,time,temp', (at) => `20240305,10${pad(at)}00,${20 + at / 2}`),
    ...{ ...plain, signals: temp },
  },
  {
    what: 'no times at all',
    from: 'vibration analysers',
    file: lines('temp', (at) => String(20 + at / 2)),
    settings: { start: '2024-03-05T10:00:00Z', period: '100ms' },
    ...{ times: ['2024-03-05T10:00:00.000Z', '2024-03-05T10:00:01.100Z'], rows: count, signals: temp },
  },
  {
    what: 'the hours of both changes of summer time',
    from: 'wall clocks',
    file: 't;temp\n2024-03-31 01:45;1\n2024-03-31 02:30;2\n2024-03-31 03:00;3\n2024-10-27 02:30;4\n2024-10-27 02:45;5\n2024-10-27 02:30;6\n2024-10-27 03:00;7\n',
    settings: { timezone: 'Europe/Berlin', time: 't' },
    ...{ times: ['2024-03-31T00:45:00.000Z', '2024-10-27T02:00:00.000Z'], rows: 6, refused: { time: 1 } },
    signals: { temp: ['number', '', 1, 3, 4, 5, 6, 7] },
  },
  {
    what: 'month first by a day after the twelfth, far behind',
    from: 'American SCADA',
    file: lines('time,temp', (at) => `03/${pad(at + 2)}/2024 10:00,${20 + at / 2}`),
    ...{ times: ['2024-03-02T10:00:00.000Z', '2024-03-13T10:00:00.000Z'], rows: count, signals: temp },
  },
  {
    what: 'month first by a steady course over midnight',
    from: 'American SCADA',
    file: lines('time,temp', (at) => `03/0${at < 6 ? 5 : 6}/2024 ${at < 6 ? `23:${pad(at + 54)}` : `00:${pad(at - 6)}`},${20 + at / 2}`), // prettier-ignore
    ...{ times: ['2024-03-05T23:54:00.000Z', '2024-03-06T00:05:00.000Z'], rows: count, signals: temp },
  },
]

/** Where an offset, a unit or a quality stands in the lines above. */
const above: readonly FileCase[] = [
  { what: 'an offset in the name', from: 'loggers', file: lines('Time (UTC+1),temp', (at) => `2024-03-05 11:${pad(at)}:00,${20 + at / 2}`), ...plain, signals: temp, note: /times are at \+01:00/ }, // prettier-ignore
  { what: 'names, descriptions and units', from: 'test benches', file: lines('Time,T1,T2\n,Oil,Water\ns,degC,degC', (at) => `${at},${20 + at / 2},${at}`), settings: { start: '2024-03-05T10:00:00Z' }, times: ['2024-03-05T10:00:00.000Z', '2024-03-05T10:00:11.000Z'], rows: count, signals: { T1: ['number', 'degC', 20], T2: ['number', 'degC', 0] } }, // prettier-ignore
  { what: 'a line drawn below the names', from: 'SQL consoles', file: lines('time,temp\n----,----', (at) => `${iso(at)},${20 + at / 2}`), ...plain, signals: temp }, // prettier-ignore
  { what: 'a day and its fraction', from: 'Excel', file: lines('Date,Time,temp', (at) => `45356,${((600 + at) / 1440).toFixed(6)},${20 + at / 2}`), ...plain, signals: temp }, // prettier-ignore
  { what: 'one quality for all', from: 'OPC loggers', file: lines('time,temp,press,Quality', (at) => `${iso(at)},${two(at)},${at === 1 ? 'Bad' : 'Good'}`), ...plain, signals: { temp: ['number', '', 20, undefined, 21], press: ['number', '', 1000.25, undefined] } }, // prettier-ignore
]

/** Files whose times make no sense without a word of the user. */
export const senseless: readonly FileCase[] = [
  { what: 'counts from an unknown start', from: 'oscilloscopes', file: lines('time,temp', (at) => `${at / 100},1`), error: /count from a start that is not stated/ }, // prettier-ignore
  { what: 'clocks without a day', from: 'line loggers', file: lines('time,temp', (at) => `10:${pad(at)}:00,1`), error: /clocks such as 10:00:00 and no date/ }, // prettier-ignore
  { what: 'years before 1990', from: 'a wrong clock', file: lines('time,temp', (at) => `1970-01-01 10:${pad(at)}:00,1`), error: /before 1990/ }, // prettier-ignore
  { what: 'years to come', from: 'a wrong clock', file: lines('time,temp', (at) => `2094-03-05 10:${pad(at)}:00,1`), error: /after tomorrow/ }, // prettier-ignore
  { what: 'newest first', from: 'web exports', file: lines('time,temp', (at) => `2024-03-05 10:${pad(50 - at)}:00,1`), error: /run backwards/ }, // prettier-ignore
  { what: 'signals one after the other', from: 'historians', file: ['time,tag,value', ...['a', 'b'].flatMap((tag) => minutes.map((at) => `${iso(at)},${tag},1`))].join('\n'), error: /follow one after the other/ }, // prettier-ignore
  { what: 'runs one after the other', from: 'files joined', file: ['time,temp', ...[1, 2, 3].flatMap((run) => minutes.map((at) => `${iso(at)},${run}`))].join('\n'), error: /run backwards: 2\d of 36 rows/ }, // prettier-ignore
  { what: 'one moment', from: 'a lost clock', file: lines('time,temp', () => `2024-03-05 10:00:00,1`), error: /all fall on one moment/ }, // prettier-ignore
  { what: 'a clock that no name or look tells', from: 'two columns', file: lines('date,x,temp', (at) => `2024-03-05,at ${at},1`), error: /one moment.*name both|all fall on one moment/ }, // prettier-ignore
  { what: 'two digits everywhere', from: 'old panels', file: lines('time,temp', (at) => `01-02-03 10:${pad(at)},1`), error: /read in several ways/ }, // prettier-ignore
  { what: 'no times and no word of them', from: 'analysers', file: lines('a,b', (at) => `${at / 7},${at}`), error: /no column of times/ }, // prettier-ignore
  { what: 'numbers with one comma before three digits', from: 'anything', file: lines('time;temp', (at) => `${iso(at)};1,${100 + at}`), error: /can be read in two ways/ }, // prettier-ignore
  { what: 'whole thousands beside smaller numbers', from: 'German Excel', file: lines('time;temp', (at) => `${iso(at)};${at < 6 ? 990 + at : `1.00${at - 6}`}`), error: /can be read in two ways/ }, // prettier-ignore
  { what: 'nothing but a header', from: 'a machine at rest', file: 'a,b\n', error: /no column of times/ },
]

const wide = (what: string, from: string, file: FileCase['file'], more: Partial<FileCase> = {}): FileCase => ({
  ...{ what, from, file, ...plain, signals: both },
  ...more,
})
const table = lines('timestamp,temp,press', (at) => `${iso(at)},${two(at)}`)

export const tables: readonly FileCase[] = [
  ...above,
  wide('UTF-16 with tabs', 'Excel "Unicode text"', Buffer.from(`\uFEFF${table.replaceAll(',', '\t')}`, 'utf16le')),
  wide('UTF-16 without a mark', 'Windows programs', Buffer.from(table, 'utf16le')),
  wide('Windows-1252', 'German Excel', Buffer.from(lines('Zeit;Öl °C', (at) => `${iso(at)};${20 + at / 2}`), 'latin1'), { signals: { 'Öl °C': ['number', '°C', 20, 20.5] } }), // prettier-ignore
  wide('CR at the ends of lines', 'old Macs and PLCs', table.replaceAll('\n', '\r')),
  wide('gzip', 'archives', gzipSync(table)),
  wide('bars between cells', 'historians', table.replaceAll(',', '|')),
  wide('a delimiter at the end of rows only', 'LabVIEW', table.replaceAll(/(\d)\n/g, '$1,\n')),
  wide('lines above', 'test benches', `Export of rig 3\nOperator: x; shift 2\n\n${table}`, {
    note: /2 lines above the table/,
  }),
  wide(
    'comments, the names in one',
    'GNU programs',
    `# Rig 3\n# timestamp,temp,press\n${table.slice(table.indexOf('\n') + 1)}`,
  ),
  wide('units below the names', 'data acquisition', table.replace('press\n', 'press\n,degC,bar\n'), { signals: { temp: ['number', 'degC', 20], press: ['number', 'bar', 1000.25] } }), // prettier-ignore
  wide('units in brackets', 'data acquisition', table.replace('press\n', 'press\n[UTC],[degC],[bar]\n'), { signals: { temp: ['number', 'degC', 20], press: ['number', 'bar', 1000.25] } }), // prettier-ignore
  wide('units in the names', 'data acquisition', table.replace('temp,press', 'temp [degC],press (bar)'), { signals: { 'temp [degC]': ['number', 'degC', 20], 'press (bar)': ['number', 'bar', 1000.25] } }), // prettier-ignore
  wide('a footer', 'reports', `${table}Rows: 12\n`, { note: /1 line below the table passed over, such as "Rows: 12"/ }),
  wide('a footer as wide as the table', 'reports', `${table}Average,22.75,1005.75\nMaximum,25.5,1011.25\n`, { note: /2 lines below/ }), // prettier-ignore
  wide('a header that is repeated', 'files joined', table.replace(/(10:06)/, '10:06').replace(/\n(2024-03-05 10:06)/, '\ntimestamp,temp,press\n$1'), { note: /1 line that repeat/ }), // prettier-ignore
  wide('two columns of one name', 'spreadsheets', table.replace('press', 'temp'), { signals: { temp: ['number', '', 20], temp_2: ['number', '', 1000.25] }, note: /another column named "temp" is called "temp_2"/ }), // prettier-ignore
  wide(
    'a row number before',
    'pandas',
    lines(',timestamp,temp,press', (at) => `${at},${iso(at)},${two(at)}`),
  ),
  wide('no header', 'loggers', table.slice(table.indexOf('\n') + 1), { signals: { column2: ['number', '', 20], column3: ['number', '', 1000.25] } }), // prettier-ignore
  wide('decimal commas in quotes', 'spreadsheets', lines('"timestamp","temp","press"', (at) => `"${iso(at)}","${comma(20 + at / 2)}","${comma(1000.25 + at)}"`)), // prettier-ignore
  wide('decimal commas and points for thousands', 'German SAP', lines('timestamp;temp;press', (at) => `${iso(at)};${comma(20 + at / 2)};1.0${pad(at)},25`), { signals: { temp: both.temp, press: ['number', '', 1000.25, 1001.25] } }), // prettier-ignore
  wide('blanks for thousands', 'French Excel', lines('timestamp;temp;press', (at) => `${iso(at)};${comma(20 + at / 2)};1\u202f0${pad(at)},25`), { signals: { temp: both.temp, press: ['number', '', 1000.25, 1001.25] } }), // prettier-ignore
  wide('units in the cells', 'HMIs', lines('timestamp,temp,press', (at) => `${iso(at)},${20 + at / 2} °C,${1000.25 + at} mbar`), { signals: { temp: ['number', '°C', 20], press: ['number', 'mbar', 1000.25] } }), // prettier-ignore
  wide('another unit in one cell', 'HMIs', lines('timestamp,temp', (at) => `${iso(at)},${at === 5 ? '2.1 t' : `${20 + at / 2} kg`}`), { signals: { temp: ['number', 'kg', 20, 20.5] }, refused: { value: 1 } }), // prettier-ignore
  wide('percent', 'HMIs', lines('timestamp,temp', (at) => `${iso(at)},${20 + at / 2}%`), { signals: { temp: ['number', '%', 20, 20.5] } }), // prettier-ignore
  wide('words for failed measurements', 'PI', lines('timestamp,temp', (at) => `${iso(at)},${['Bad Input', 'I/O Timeout', '#N/A', ''][at] ?? 20 + at / 2}`), { signals: { temp: ['number', '', undefined, undefined, undefined, undefined, 22] } }), // prettier-ignore
  wide('booleans in words', 'SCADA', lines('timestamp,run,door,an', (at) => `${iso(at)},${at % 2 ? 'TRUE' : 'FALSE'},${at % 2 ? 'Yes' : 'No'},${at % 2 ? 'ein' : 'aus'}`), { signals: { run: ['boolean', '', 0, 1], door: ['boolean', '', 0, 1], an: ['boolean', '', 0, 1] } }), // prettier-ignore
  wide('a quality beside each value', 'OPC loggers', lines('timestamp,temp,temp_quality,press,press_quality', (at) => `${iso(at)},${20 + at / 2},${at === 1 ? 'Bad' : 'Good'},${1000.25 + at},${at === 0 ? 'Uncertain' : 'Good'}`), { signals: { temp: ['number', '', 20, undefined, 21], press: ['number', '', 1000.25] }, note: /quality of "temp"/ }), // prettier-ignore
  wide('codes of OPC DA', 'OPC loggers', lines('timestamp,temp,Quality', (at) => `${iso(at)},${20 + at / 2},${at === 1 ? 24 : 192}`), { signals: { temp: ['number', '', 20, undefined, 21] } }), // prettier-ignore
  wide('a status that is not known', 'loggers', lines('timestamp,temp,status', (at) => `${iso(at)},${20 + at / 2},${at % 3}`), { signals: { temp: ['number', '', 20], status: ['number', '', 0, 1, 2] }, note: /"status" may be a quality/ }), // prettier-ignore
  wide('a cut last row', 'a full disk', `${table}2024-03-05 10:12:00,5`, { refused: { malformed: 2 } }),
  wide('a row per sample', 'historians', lines('Timestamp;TagName;Value;Quality', (at) => `${iso(at)};p1/temp;${at === 1 ? 'Bad' : 20 + at / 2};${at === 1 ? 'Bad' : 'Good'}\n${iso(at)};p1/mode;${at % 2 ? 'RUN' : 'STOP'};Good`), { rows: 24, signals: { 'p1/temp': ['number', '', 20, undefined, 21], 'p1/mode': ['text', '', 'STOP', 'RUN'] } }), // prettier-ignore
  wide('names of WinCC', 'WinCC', lines('"VarName";"TimeString";"VarValue";"Validity";"Time_ms"', (at) => `"temp";"05.03.2024 10:${pad(at)}:00";${comma(20 + at / 2)};1;${45356416666 + at}`), { signals: temp }), // prettier-ignore
  wide('annotated CSV', 'InfluxDB', lines('#datatype,string,long,dateTime:RFC3339,double,string,string\n#default,_result,,,,,\n,result,table,_time,_value,_field,_measurement', (at) => `,,0,2024-03-05T10:${pad(at)}:00Z,${20 + at / 2},temp,plant`), { signals: temp }), // prettier-ignore
  {
    what: 'a row that is a cycle',
    from: 'hydraulic rigs',
    file: { 'PS1.txt': '1\t2\t3\t4\n5\t6\t7\t8\n', 'TS1.txt': '30\t31\n32\t33\n' },
    settings: { form: 'cycles', start: '2024-03-05T10:00:00Z', period: '60s' },
    ...{ times: ['2024-03-05T10:00:00.000Z', '2024-03-05T10:01:45.000Z'], rows: 4 },
    signals: { PS1: ['number', '', 1, 2, 3, 4, 5], TS1: ['number', '', 30, 31, 32, 33] },
  },
  {
    what: 'a file per signal',
    from: 'historians',
    file: { 'temp.csv': lines('time,value', (at) => `${iso(at)},${20 + at / 2}`), 'press.csv': lines('time,value', (at) => `${iso(at)},${1000.25 + at}`) }, // prettier-ignore
    ...{ ...plain, rows: 24, signals: both, note: /called after the file/ },
  },
  {
    what: 'a file a month, and one that is no table',
    from: 'exports',
    file: { 'a-april.csv': 'time,temp\n2024-04-01 00:00,3\n2024-04-01 00:01,4\n', 'b-march.csv': 'time,temp\n2024-03-31 23:58,1\n2024-03-31 23:59,2\n', 'readme.txt': 'What this is\n' }, // prettier-ignore
    ...{ times: ['2024-03-31T23:58:00.000Z', '2024-04-01T00:01:00.000Z'], rows: 4, signals: { temp: ['number', '', 1, 2, 3, 4] }, note: /passed over: .*readme.txt/ }, // prettier-ignore
  },
]
