import type { FieldCase } from './cases.ts'

const t = Date.UTC(2025, 2, 14, 9, 26, 53)
const [good, uncertain, bad] = ['good', 'uncertain', 'bad']
const berlin = { timezone: 'Europe/Berlin' } as const

/** Times, numbers and words as devices and people write them. */
export const values: readonly FieldCase[] = [
  ['summer time', '{"ts":"2025-07-01T12:00:00","value":1}', berlin, [['x', 1, Date.UTC(2025, 6, 1, 10), good]]],
  ['winter time', '{"ts":"2025-01-10 12:00:00","value":1}', berlin, [['x', 1, Date.UTC(2025, 0, 10, 11), good]]],
  ['a zone of its own goes before', '{"ts":"2025-03-14T09:26:53Z","value":1}', berlin, [['x', 1, t, good]]],
  [
    'the hour that comes twice',
    '{"ts":"2024-10-27T02:30:00","value":1}',
    berlin,
    [['x', 1, Date.UTC(2024, 9, 27, 1, 30), uncertain]],
  ],
  [
    'the hour that is skipped',
    '{"ts":"2024-03-31T02:30:00","value":1}',
    berlin,
    [],
    ['time', /skip this time.*\+01:00/],
  ],
  ['an offset as zone', '{"ts":"2025-03-14T14:56:53","value":1}', { timezone: '+05:30' }, [['x', 1, t, good]]],
  [
    'a pattern',
    '{"ts":"14.03.2025 10:26:53,250","value":1}',
    { ...berlin, time: { format: 'dd.MM.yyyy HH:mm:ss,SSS' } },
    [['x', 1, t + 250, good]],
  ],
  [
    'an American pattern',
    '{"ts":"3/14/2025 9:26:53 AM","value":1}',
    { time: { format: 'M/d/yyyy h:mm:ss a' } },
    [['x', 1, t, good]],
  ],
  [
    'digits by a pattern',
    '{"ts":20250314092653,"value":1}',
    { time: { format: 'yyyyMMddHHmmss' } },
    [['x', 1, t, good]],
  ],
  [
    'a time that does not fit its pattern',
    '{"ts":"2025-03-14","value":1}',
    { time: { format: 'dd.MM.yyyy' } },
    [],
    ['time', /does not fit the time format/],
  ],
  ['a German date without a pattern', '{"ts":"14.03.2025 10:26:53","value":1}', {}, [], ['time', /is no time/]],
  ['FILETIME', '{"ts":133864180130000000,"value":1}', { time: { unit: 'filetime' } }, [['x', 1, t, good]]],
  ['a decimal comma', '21,5', { decimal: ',' }, [['x', 21.5, null, good]]],
  ['a decimal comma in JSON', '{"value":"1.234,5"}', { decimal: ',' }, [['x', 1234.5, null, good]]],
  ['a whole number with a thousands point', '1.234', { decimal: ',' }, [['x', 1234, null, good]]],
  ['thousands commas', '1,234.5', { decimal: '.' }, [['x', 1234.5, null, good]]],
  ['thousands blanks', '12 345,6', { decimal: ',' }, [['x', 12345.6, null, good]]],
  ['a comma that nobody explained', '21,5', {}, [], ['value', /set decimal/]],
  ['a comma with a unit that nobody explained', '21,5 °C', {}, [], ['value', /set decimal/]],
  ['a unit', '20.6 °C', {}, [['x', 20.6, null, good]], undefined, { x: '°C' }],
  ['a unit in JSON', '{"value":"3.2 bar"}', {}, [['x', 3.2, null, good]], undefined, { x: 'bar' }],
  ['the spelling of a unit', '20.6 degC', { unit: '°C' }, [['x', 20.6, null, good]], undefined, { x: '°C' }],
  ['another unit than configured', '69.1 °F', { unit: '°C' }, [], ['unit', /x is in °C; this is in °F/]],
  ['mbar for bar', '1013 mbar', { unit: 'bar' }, [], ['unit', /in mbar/]],
  [
    'a code that looks like a number',
    '{"a":"0Y","b":"3A"}',
    {},
    [
      ['x/a', '0Y', null, good],
      ['x/b', '3A', null, good],
    ],
  ],
  ['a firmware version', '1.2.3', {}, [['x', '1.2.3', null, good]]],
  ...['unavailable', 'None', 'nan', 'NULL', 'n/a', 'unknown', '""'].map(
    (word) => [`the word ${word}`, word, {}, [['x', null, null, bad]]] as const,
  ),
  [
    'own words',
    '{"a":"offline","b":"nan"}',
    { missing: ['offline'], type: 'number' },
    [['x/a', null, null, bad]],
    ['type', /"nan"/],
  ],
  ['a word where text is wanted', 'unknown', { type: 'text' }, [['x', 'unknown', null, good]]],
  [
    'NaN beside a value',
    '{"a":NaN,"b":-Infinity,"c":1.#QNAN,"d":2}',
    {},
    [
      ['x/a', null, null, bad],
      ['x/b', null, null, bad],
      ['x/c', null, null, bad],
      ['x/d', 2, null, good],
    ],
  ],
  [
    'NaN in a text',
    '{"a":"say: NaN, [NaN]","b":nan}',
    {},
    [
      ['x/a', 'say: NaN, [NaN]', null, good],
      ['x/b', null, null, bad],
    ],
  ],
  ['a byte order mark', '\ufeff{"value":1.5}', {}, [['x', 1.5, null, good]]],
  ['a byte order mark before a number', '\ufeff1.5', {}, [['x', 1.5, null, good]]],
  ['the zero of C', '{"value":1.5,"a":[[1,2]]}\0', {}, [['x', 1.5, null, good]]],
  [
    'types by value',
    '{"a":"47","b":"on","c":1,"d":"007"}',
    { type: { a: 'number', b: 'boolean', c: 'boolean', d: 'text' } },
    [
      ['x/a', 47, null, good],
      ['x/b', true, null, good],
      ['x/c', true, null, good],
      ['x/d', '007', null, good],
    ],
  ],
  [
    'units by value',
    '{"a":1,"b":2}',
    { unit: { a: 'bar' } },
    [
      ['x/a', 1, null, good],
      ['x/b', 2, null, good],
    ],
    undefined,
    { 'x/a': 'bar' },
  ],
  [
    'keys with dots',
    '{"Motor.Speed":1480,"Motor":{"Load":2}}',
    { values: { speed: 'Motor.Speed', load: 'Motor.Load' } },
    [
      ['x/speed', 1480, null, good],
      ['x/load', 2, null, good],
    ],
  ],
  ['hexadecimal', '0x01 10', { decode: { from: 'hex', type: 'u16be', scale: 0.1 } }, [['x', 27.2, null, good]]],
  ['a negative little-endian number', 'FEFF', { decode: { from: 'hex', type: 'i16le' } }, [['x', -2, null, good]]],
  ['a float with swapped words', '0000 41AC', { decode: { from: 'hex', type: 'f32cdab' } }, [['x', 21.5, null, good]]],
  [
    'a float of 32 bits as it was meant',
    '41AA6666',
    { decode: { from: 'hex', type: 'f32be' } },
    [['x', 21.3, null, good]],
  ],
  [
    'base64 in JSON, two values and a bit',
    '{"data":"AWcAAg=="}',
    {
      values: 'data',
      decode: {
        from: 'base64',
        values: { temp: { type: 'i16be', scale: 0.1 }, door: { type: 'u8', offset: 3, bit: 1 } },
      },
    },
    [
      ['x/temp', 35.9, null, good],
      ['x/door', true, null, good],
    ],
  ],
  [
    'raw registers',
    Uint8Array.of(0x00, 0x64, 0xff, 0x9c),
    { decode: { from: 'binary', values: { a: { type: 'u16be' }, b: { type: 'i16be', offset: 2, add: 1 } } } },
    [
      ['x/a', 100, null, good],
      ['x/b', -99, null, good],
    ],
  ],
  [
    'a frame that is too short',
    '01',
    { decode: { from: 'hex', type: 'u16be' } },
    [],
    ['malformed', /needs 2 bytes; there are 1/],
  ],
  ['hexadecimal that is none', '0x1G', { decode: { from: 'hex', type: 'u8' } }, [], ['malformed', /not hexadecimal/]],
  [
    'a rate that is a value',
    '{"rate":50,"motor":{"speed":3}}',
    {},
    [
      ['x/rate', 50, null, good],
      ['x/motor/speed', 3, null, good],
    ],
  ],
  [
    'a rate over nested lists',
    `{"ts":${t},"rate":100,"axes":{"x":[1,2]}}`,
    {},
    [
      ['x/axes/x', 1, t, good],
      ['x/axes/x', 2, t + 10, good],
    ],
  ],
  [
    'a rate, and the time of the last',
    `{"ts":${t},"rate":100,"value":[1,2]}`,
    { time: { of: 'last' } },
    [
      ['x', 1, t - 10, good],
      ['x', 2, t, good],
    ],
  ],
  [
    'pairs',
    'T=21.50 H=40',
    {},
    [
      ['x/T', 21.5, null, good],
      ['x/H', 40, null, good],
    ],
  ],
  [
    'pairs with other marks',
    'temp=21.50,hum=40;state=run',
    {},
    [
      ['x/temp', 21.5, null, good],
      ['x/hum', 40, null, good],
      ['x/state', 'run', null, good],
    ],
  ],
  [
    'pairs with colons',
    'T: 21.50\nH: 40',
    { format: 'pairs' },
    [
      ['x/T', 21.5, null, good],
      ['x/H', 40, null, good],
    ],
  ],
].map(([name, payload, rule, samples, letter, units]) => ({
  name,
  source: 'devices as they are',
  topic: 'x',
  payload,
  rule: { filter: 'x', ...(rule as object) },
  samples,
  ...(letter !== undefined && { letter }),
  ...(units !== undefined && { units }),
})) as unknown as readonly FieldCase[]
