/** Who may do what, the least first; each may do what those before it may. The reference is printed from this table. */
export const roles = {
  viewer: 'Reads how machines and agent are.',
  operator:
    'Acknowledges and shelves alarms, approves and stops actions, says what is true of machines and parts, sends images, reads dead letters.',
  engineer: 'Trains, promotes and takes back models, changes types of tags, trusts certificates, settles dead letters.',
  admin: 'Everything: reads the audit, ends sessions of others.',
} as const satisfies Record<string, string>
export type Role = keyof typeof roles
export const roleNames = Object.keys(roles) as [Role, ...Role[]]

/** Whether `role` may do what needs at least `least`. */
export function covers(role: Role, least: Role): boolean {
  return roleNames.indexOf(role) >= roleNames.indexOf(least)
}
