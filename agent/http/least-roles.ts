import { covers, type Role } from '../core/index.ts'
import type { OperationName } from './operations.ts'

/** The least role that may use each operation, where a caller has to say who it is. */
export const leastRoles: Readonly<Record<OperationName, Role>> = {
  'GET /healthz': 'viewer',
  'GET /readyz': 'viewer',
  'GET /metrics': 'viewer',
  'GET /api/session': 'viewer',
  'POST /api/login': 'viewer',
  'POST /api/logout': 'viewer',
  'GET /api/sessions': 'admin',
  'POST /api/sessions/:session/end': 'admin',
  'GET /api/state': 'viewer',
  'GET /api/events': 'viewer',
  'GET /api/ledger': 'viewer',
  'GET /api/trends': 'viewer',
  'GET /api/history': 'viewer',
  'GET /api/dead-letters': 'operator',
  'GET /api/dead-letters/:letter': 'operator',
  'POST /api/dead-letters/resend': 'engineer',
  'POST /api/dead-letters/drop': 'engineer',
  'GET /api/audit': 'admin',
  'GET /api/alarms/history': 'viewer',
  'GET /api/alarms.csv': 'viewer',
  'POST /api/alarms/:alarm/acknowledge': 'operator',
  'POST /api/alarms/:alarm/shelve': 'operator',
  'POST /api/alarms/:alarm/unshelve': 'operator',
  'GET /api/actions': 'viewer',
  'POST /api/actions/decisions/:decision/approve': 'operator',
  'POST /api/actions/decisions/:decision/refuse': 'operator',
  'POST /api/actions/stop': 'operator',
  'POST /api/actions/resume': 'operator',
  'GET /api/models': 'viewer',
  'POST /api/models/:monitor/retrain': 'engineer',
  'POST /api/models/:monitor/cancel': 'engineer',
  'POST /api/models/:monitor/promote': 'engineer',
  'POST /api/models/:monitor/rollback': 'engineer',
  'POST /api/labels': 'operator',
  'GET /api/certificates': 'viewer',
  'POST /api/tags/retype': 'engineer',
  'POST /api/certificates/approve': 'engineer',
  'GET /api/inspections': 'viewer',
  'GET /api/inspections/:station': 'viewer',
  'GET /api/inspections/:station/images/:id': 'viewer',
  'GET /api/inspections/:station/maps/:id': 'viewer',
  'POST /api/inspections/:station/images': 'operator',
  'POST /api/plant/inject': 'operator',
  'POST /api/plant/repair': 'operator',
}

/** What a role may use, `POST /api/labels`. */
export function operationsOf(role: Role): string[] {
  return Object.entries(leastRoles).flatMap(([name, least]) => (covers(role, least) ? [name] : []))
}
