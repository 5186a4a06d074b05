import { z } from 'zod'
import { decisionSteps, guards, type DecisionStep, type Guard } from '../core/decision.ts'

/* What the API answers of actions. Plain JSON; times are ms since epoch. */

const setpoint = z.union([z.number(), z.string(), z.boolean()])
const count = z.number()

/** A decision of an action. */
export const decisionView = z.strictObject({
  id: z.string().describe('`action/asset/time`.'),
  action: z.string(),
  asset: z.string().describe('Empty of an action for the plant.'),
  purpose: z.enum(['do', 'revert', 'safe']).describe('do: its condition held; revert: takes it back; safe: goes to the safe value.'), // prettier-ignore
  step: z.enum(Object.keys(decisionSteps) as [DecisionStep, ...DecisionStep[]]),
  decided: z.number().describe('ms since epoch.'),
  expires: z.number().nullable().describe('When it is over, if nothing comes of it before.'),
  value: setpoint.optional(),
  previous: setpoint.optional().describe('What the node held before.'),
  target: z.string().describe('Where it is written or sent to.'),
  why: z
    .array(z.strictObject({ what: z.string(), value: setpoint }))
    .readonly()
    .describe('What the condition read.'),
  guard: z.enum(Object.keys(guards) as [Guard, ...Guard[]]).optional(),
  by: z.string().optional().describe('Who approved or refused it.'),
  detail: z.string(),
})

export const actionView = z.strictObject({
  name: z.string(),
  mode: z.enum(['off', 'propose', 'dry-run', 'armed']),
  assets: z.string().describe('The class of assets; empty: the plant.'),
  when: z.string(),
  does: z.string(),
  approval: z.string().describe('The least role that may approve.'),
  stands: z
    .array(
      z.strictObject({
        asset: z.string(),
        phase: z.enum(['idle', 'holding', 'latched']),
        holds: z.boolean().nullable().describe('Null: undecided.'),
        why: z.string().describe('Why it is undecided.'),
        inEffect: setpoint.nullable().describe('What was written and stands.'),
      }),
    )
    .readonly(),
  ledger: z
    .strictObject({
      ...{ proposed: count, open: count, approved: count, refused: count, expired: count },
      blocked: z.record(z.string(), count).readonly().describe('By guard.'),
      ...{ rehearsed: count, confirmed: count, failed: count, unknown: count },
    })
    .nullable()
    .describe('proposed = open + refused + expired + blocked + rehearsed + confirmed + failed + unknown.'),
})

export const actionsView = z.strictObject({
  stopped: z.strictObject({ by: z.string(), time: z.number(), reason: z.string() }).nullable(),
  actions: z.array(actionView).readonly(),
  open: z.array(decisionView).readonly().describe('Not over yet, oldest first.'),
  ended: z.array(decisionView).readonly().describe('Over, newest first.'),
})

export type DecisionView = Readonly<z.output<typeof decisionView>>
export type ActionView = Readonly<z.output<typeof actionView>>
export type ActionsView = Readonly<z.output<typeof actionsView>>
