/** `value * factor + offset` in the base unit of the quantity. */
interface Affine {
  readonly factor: number
  readonly offset: number
}

const ratio = (factors: Readonly<Record<string, number>>): Readonly<Record<string, Affine>> =>
  Object.fromEntries(Object.entries(factors).map(([unit, factor]) => [unit, { factor, offset: 0 }]))

const celsius: Affine = { factor: 1, offset: 0 }
const fahrenheit: Affine = { factor: 5 / 9, offset: -160 / 9 }

/** Units by quantity. A name may stand in several (`g` is grams and the acceleration of gravity): the other unit tells. */
const quantities: readonly Readonly<Record<string, Affine>>[] = [
  {
    '°C': celsius,
    C: celsius,
    degC: celsius,
    '°F': fahrenheit,
    F: fahrenheit,
    degF: fahrenheit,
    K: { factor: 1, offset: -273.15 },
  },
  ratio({ Pa: 1, hPa: 100, mbar: 100, kPa: 1e3, bar: 1e5, MPa: 1e6, psi: 6894.757293168361, atm: 101325 }),
  ratio({ µm: 1e-6, um: 1e-6, mm: 1e-3, cm: 1e-2, m: 1, km: 1e3, in: 0.0254, ft: 0.3048 }),
  ratio({ 'mm/s': 1e-3, 'm/s': 1, 'm/min': 1 / 60, 'km/h': 1 / 3.6, 'in/s': 0.0254, 'ft/min': 0.00508 }),
  ratio({ 'mm/s²': 1e-3, 'm/s²': 1, 'm/s2': 1, mg: 9.80665e-3, g: 9.80665 }),
  ratio({ mg: 1e-6, g: 1e-3, kg: 1, t: 1e3, lb: 0.45359237 }),
  ratio({
    'm³/s': 1,
    'm³/h': 1 / 3600,
    'm3/h': 1 / 3600,
    'l/s': 1e-3,
    'l/min': 1e-3 / 60,
    'l/h': 1e-3 / 3600,
    'gal/min': 3.785411784e-3 / 60,
  }),
  ratio({ ml: 1e-6, l: 1e-3, 'm³': 1, m3: 1, gal: 3.785411784e-3 }),
  ratio({ rpm: 1 / 60, '1/min': 1 / 60, 'rad/s': 1 / (2 * Math.PI), Hz: 1, kHz: 1e3 }),
  ratio({ deg: Math.PI / 180, '°': Math.PI / 180, rad: 1 }),
  ratio({ mA: 1e-3, A: 1, kA: 1e3 }),
  ratio({ mV: 1e-3, V: 1, kV: 1e3 }),
  ratio({ mW: 1e-3, W: 1, kW: 1e3, MW: 1e6, hp: 745.6998715822702 }),
  ratio({ J: 1, kJ: 1e3, MJ: 1e6, Wh: 3600, kWh: 3.6e6, MWh: 3.6e9 }),
  ratio({ N: 1, kN: 1e3, MN: 1e6, lbf: 4.4482216152605 }),
  ratio({ Nm: 1, kNm: 1e3, 'lbf·ft': 1.3558179483314004 }),
  ratio({ µs: 1e-6, us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400 }),
  ratio({ ppm: 1e-6, '%': 1e-2, '1': 1 }),
]

/** Every unit that can be converted. */
export const unitNames: readonly string[] = [...new Set(quantities.flatMap((units) => Object.keys(units)))]

/** How to come from one unit to another, `value * factor + offset`; undefined where they are not of one quantity. */
export function conversion(from: string | undefined, to: string): Affine | undefined {
  if (from === undefined) return undefined
  const units = quantities.find((units) => Object.hasOwn(units, from) && Object.hasOwn(units, to))
  if (!units) return undefined
  const factor = units[from].factor / units[to].factor
  return { factor, offset: (units[from].offset - units[to].offset) / units[to].factor }
}
