/** Faults of the simulated machines. The signs are those that ISO 13373 and ISO 17359 list for them. */
export const faults = {
  'bearing-wear': {
    title: 'Bearing wear',
    signs: 'vibration up, impulses at the outer-race frequency, temperature follows, slightly more current',
    growth: 20,
  },
  cavitation: {
    title: 'Cavitation',
    signs: 'pressure and flow fall and flutter, broadband vibration, restless current',
    growth: 15,
  },
  misalignment: {
    title: 'Misalignment',
    signs: 'vibration at twice the shaft frequency, more current, warmer',
    growth: 20,
  },
  'stuck-sensor': {
    title: 'Stuck sensor',
    signs: 'one signal stands still while the machine goes on',
    growth: 0,
  },
} as const satisfies Record<string, { title: string; signs: string; growth: number }>

export type FaultName = keyof typeof faults

export function isFault(name: string): name is FaultName {
  return Object.hasOwn(faults, name)
}

/** How far a fault has grown, 0 to 1, `age` seconds after it began: slow at first, fully there after its `growth` seconds. */
export function severity(fault: FaultName, age: number): number {
  const growth = faults[fault].growth
  if (age < 0) return 0
  if (age >= growth) return 1
  const x = age / growth
  return x * x * (3 - 2 * x)
}

/** Severity of every fault of one machine, 0 where it is absent. */
export type Severities = Readonly<Record<FaultName, number>>

export const healthy: Severities = { 'bearing-wear': 0, cavitation: 0, misalignment: 0, 'stuck-sensor': 0 }
